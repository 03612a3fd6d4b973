/* doctor: the usual mistakes of this machine and its network. It asks, and changes nothing. */
#include "heartbeat/ctl_commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/doctor.h"
#include "heartbeat/doctor_look.h"

static json_t *as_json(const struct doctor_report *r, enum doctor_grade worst)
{
	json_t *list = json_array(), *ret;

	for (size_t i = 0; i < r->findings; i++) {
		const struct doctor_finding *f = &r->finding[i];

		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "check", f->check, "grade",
						      doctor_grade_word(f->grade), "text", f->text, "mend", f->mend));
	}
	ret = json_pack("{s:s, s:o}", "worst", doctor_grade_word(worst), "findings", list);
	return ret;
}

/* How to mend stands once, below all that a check has found. */
static void print(FILE *f, const json_t *answer)
{
	const json_t *findings = json_object_get(answer, "findings"), *one;
	size_t i;

	json_array_foreach(findings, i, one)
	{
		const json_t *next = json_array_get(findings, i + 1);
		const char *check = ctl_text(one, "check"), *mend = ctl_text(one, "mend");

		(void)fprintf(f, "%-8s %-10s  %s\n", ctl_text(one, "grade"), check, ctl_text(one, "text"));
		if (mend[0] && strcmp(check, ctl_text(next, "check")) != 0)
			(void)fprintf(f, "%-8s %-10s  -> %s\n", "", "", mend);
	}
}

/* What is wrong with it goes into ret. */
static void load(struct conf *conf, char *ret, size_t size)
{
	FILE *f = fmemopen(ret, size - 1, "w");
	unsigned errors = f ? conf_load(CONF_PATH, conf, f) : 1;

	if (f)
		(void)fclose(f);
	if (errors && !ret[0])
		(void)snprintf(ret, size, CONF_PATH ": cannot be looked at");
}

int ctl_doctor(const struct ctl_options *o)
{
	struct doctor_facts *facts = calloc(1, sizeof(*facts));
	struct doctor_report *report = calloc(1, sizeof(*report));
	enum doctor_grade worst = DOCTOR_WRONG;
	struct conf conf = {0};
	json_t *answer;
	int code = EXIT_NO_ANSWER;

	if (!facts || !report) {
		(void)ctl_command_refuse("doctor", "out of memory");
	} else if (geteuid() != 0) {
		(void)ctl_command_refuse("doctor", "this must be run as root");
	} else if (access(CONF_PATH, F_OK)) {
		(void)ctl_command_refuse("doctor", CTL_NO_CLUSTER "; init and join look before they begin");
	} else {
		load(&conf, facts->conf_wrong, sizeof(facts->conf_wrong));
		if (facts->conf_wrong[0])
			doctor_look_without(facts);
		else
			doctor_look(&conf, facts);
		worst = doctor_judge(facts, &conf, report);
		answer = as_json(report, worst);
		code = ctl_show("doctor", answer, o->json, print);
		json_decref(answer);
		if (!code && worst == DOCTOR_WRONG)
			code = 1;
	}
	free(facts);
	free(report);
	return code;
}
