"""Is a document OpenAPI 3.1? check_openapi.py FILE: each finding on a line, exit 1 when there is one. What the specification says of the
objects that a description like ours has, as a schema, and what no schema can say: references, identifiers and names that fit."""
import json
import re
import sys

import jsonschema


def obj(required, properties, patterns=None, **more):
    """An object of the specification: nothing else may be in it but extensions."""
    return {"type": "object", "required": required, "properties": properties,
            "patternProperties": {"^x-": True, **(patterns or {})}, "additionalProperties": False, **more}


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def or_reference(name):
    return {"if": {"required": ["$ref"]}, "then": ref("reference"), "else": ref(name)}


TEXT = {"type": "string"}
NAME = "^[a-zA-Z0-9._-]+$"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
VALUED = {"oneOf": [{"required": ["schema"]}, {"required": ["content"]}]}


def of_names(name):
    return {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": or_reference(name)}


def named(name):
    return {"type": "object", "additionalProperties": or_reference(name)}


STRUCTURE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/$defs/root",
    "$defs": {
        "root": obj(["openapi", "info"], {
            "openapi": {"type": "string", "pattern": r"^3\.1\.[0-9]+$"}, "info": ref("info"), "jsonSchemaDialect": TEXT,
            "servers": {"type": "array", "items": ref("server")}, "paths": ref("paths"), "webhooks": named("path"),
            "components": ref("components"), "security": {"type": "array", "items": ref("security")},
            "tags": {"type": "array", "items": ref("tag")}, "externalDocs": ref("docs")},
            anyOf=[{"required": ["paths"]}, {"required": ["components"]}, {"required": ["webhooks"]}]),
        "info": obj(["title", "version"], {
            "title": TEXT, "summary": TEXT, "description": TEXT, "termsOfService": TEXT, "version": TEXT,
            "contact": obj([], {"name": TEXT, "url": TEXT, "email": TEXT}),
            "license": obj(["name"], {"name": TEXT, "identifier": TEXT, "url": TEXT},
                           **{"not": {"required": ["identifier", "url"]}})}),
        "server": obj(["url"], {"url": TEXT, "description": TEXT, "variables": {"type": "object"}}),
        "paths": {"type": "object", "patternProperties": {"^/": ref("path"), "^x-": True}, "additionalProperties": False},
        "path": obj([], {"$ref": TEXT, "summary": TEXT, "description": TEXT, "servers": {"type": "array", "items": ref("server")},
                         "parameters": {"type": "array", "items": or_reference("parameter")},
                         **{m: ref("operation") for m in METHODS}}),
        "operation": obj([], {
            "tags": {"type": "array", "items": TEXT}, "summary": TEXT, "description": TEXT, "externalDocs": ref("docs"),
            "operationId": TEXT, "parameters": {"type": "array", "items": or_reference("parameter"), "uniqueItems": True},
            "requestBody": or_reference("body"), "responses": ref("responses"), "callbacks": {"type": "object"},
            "deprecated": {"type": "boolean"}, "security": {"type": "array", "items": ref("security")},
            "servers": {"type": "array", "items": ref("server")}}),
        "docs": obj(["url"], {"url": TEXT, "description": TEXT}),
        "parameter": obj(["name", "in"], {
            "name": TEXT, "in": {"enum": ["query", "header", "path", "cookie"]}, "description": TEXT, "required": {"type": "boolean"},
            "deprecated": {"type": "boolean"}, "allowEmptyValue": {"type": "boolean"}, "style": TEXT, "explode": {"type": "boolean"},
            "allowReserved": {"type": "boolean"}, "schema": ref("schema"), "content": ref("content"), "example": True,
            "examples": {"type": "object"}},
            **VALUED, allOf=[{"if": {"properties": {"in": {"const": "path"}}},
                              "then": {"required": ["required"], "properties": {"required": {"const": True}}}}]),
        "body": obj(["content"], {"description": TEXT, "content": ref("content"), "required": {"type": "boolean"}}),
        "content": {"type": "object", "propertyNames": {"pattern": "^[^/]+/[^/]+$"}, "additionalProperties": ref("media")},
        "media": obj([], {"schema": ref("schema"), "example": True, "examples": {"type": "object"}, "encoding": {"type": "object"}}),
        "responses": {"type": "object", "minProperties": 1, "additionalProperties": False,
                      "patternProperties": {"^([1-5](?:[0-9]{2}|XX)|default)$": or_reference("response"), "^x-": True}},
        "response": obj(["description"], {"description": TEXT, "headers": named("header"), "content": ref("content"),
                                          "links": {"type": "object"}}),
        "header": obj([], {"description": TEXT, "required": {"type": "boolean"}, "deprecated": {"type": "boolean"}, "schema": ref("schema"),
                           "content": ref("content"), "style": {"const": "simple"}, "explode": {"type": "boolean"}}, **VALUED),
        "tag": obj(["name"], {"name": TEXT, "description": TEXT, "externalDocs": ref("docs")}),
        "reference": {"type": "object", "properties": {"$ref": TEXT, "summary": TEXT, "description": TEXT},
                      "additionalProperties": False},
        "schema": {"type": ["object", "boolean"]},
        "security": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
        "scheme": obj(["type"], {"type": {"enum": ["apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"]}, "description": TEXT,
                                 "name": TEXT, "in": TEXT, "scheme": TEXT, "bearerFormat": TEXT, "flows": {"type": "object"},
                                 "openIdConnectUrl": TEXT},
                      allOf=[{"if": {"properties": {"type": {"const": "http"}}}, "then": {"required": ["scheme"]}},
                             {"if": {"properties": {"type": {"const": "apiKey"}}}, "then": {"required": ["name", "in"]}}]),
        "components": obj([], {
            "schemas": {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": ref("schema")},
            "responses": of_names("response"), "parameters": of_names("parameter"), "requestBodies": of_names("body"),
            "headers": of_names("header"), "securitySchemes": of_names("scheme"), "examples": {"type": "object"},
            "links": {"type": "object"}, "callbacks": {"type": "object"}, "pathItems": named("path")}),
    },
}


def walk(value, way=()):
    yield way, value
    for name, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from walk(below, way + (str(name),))


def resolve(document, reference):
    at = document
    for name in reference.removeprefix("#/").split("/"):
        at = at[name.replace("~1", "/").replace("~0", "~")]
    return at


def findings(document):
    for error in jsonschema.Draft202012Validator(STRUCTURE).iter_errors(document):
        yield f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    used = set()
    for way, value in walk(document):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            used.add(value["$ref"])
            try:
                resolve(document, value["$ref"])
            except (KeyError, TypeError):
                yield f"/{'/'.join(way)}: {value['$ref']} leads nowhere"
        if way and way[-1] == "schema" or len(way) == 3 and way[:2] == ("components", "schemas"):
            try:
                jsonschema.Draft202012Validator.check_schema(value)
            except jsonschema.SchemaError as e:
                yield f"/{'/'.join(way)}: {e.message[:200]}"
    # What no path names: for what is answered to a path or a method that is none.
    for kind in ("schemas", "responses", "parameters", "headers"):
        for name in document["components"][kind]:
            if f"#/components/{kind}/{name}" not in used and name not in ("404.not_found", "405.method_not_allowed", "Allow"):
                yield f"components/{kind}/{name} is used by nothing"
    yield from fitting(document)


def fitting(document):
    names = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in METHODS:
                continue
            where = f"{method} {path}"
            if operation["operationId"] in names:
                yield f"{where}: operationId {operation['operationId']} is there twice"
            names.add(operation["operationId"])
            parameters = [resolve(document, p["$ref"]) if "$ref" in p else p for p in operation.get("parameters", [])]
            if sorted(p["name"] for p in parameters if p["in"] == "path") != sorted(re.findall("{([^}]+)}", path)):
                yield f"{where}: the parameters are not those of the path"
            if len({(p["name"].lower(), p["in"]) for p in parameters}) != len(parameters):
                yield f"{where}: a parameter is there twice"
            for need in operation.get("security", []):
                for scheme in need:
                    if scheme not in document["components"]["securitySchemes"]:
                        yield f"{where}: there is no security scheme {scheme}"
    shapes = [re.sub("{[^}]+}", "{}", path) for path in document["paths"]]
    if len(set(shapes)) != len(shapes):
        yield "two paths differ by the name of a parameter only"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        found = list(findings(json.load(f)))
    print("\n".join(found))
    sys.exit(1 if found else 0)
