#include "gateway/currency.h"

#include <string.h>

/* Active codes of ISO 4217 by exponent, three letters each, blank between. */
static const struct {
	int exponent;
	const char *codes;
} currencies[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
    {2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
	"CDF CHE "
	"CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
	"HKD HNL "
	"HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
	"MRU MUR "
	"MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
	"SDG SEK "
	"SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES "
	"WST XCD "
	"YER ZAR ZMW ZWG"},
    {3, "BHD IQD JOD KWD LYD OMR TND"},
    {4, "CLF UYW"},
};

int currency_exponent(const char *text, size_t length)
{
	if (length != 3)
		return -1;
	for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++)
		for (const char *at = currencies[i].codes; *at; at += at[3] ? 4 : 3)
			if (memcmp(at, text, 3) == 0)
				return currencies[i].exponent;
	return -1;
}

bool currency_word(unsigned i, char ret[static 4])
{
	for (size_t k = 0; k < sizeof(currencies) / sizeof(currencies[0]); k++) {
		unsigned count = (unsigned)(strlen(currencies[k].codes) + 1) / 4;

		if (i < count) {
			memcpy(ret, currencies[k].codes + (size_t)i * 4, 3);
			ret[3] = '\0';
			return true;
		}
		i -= count;
	}
	return false;
}
