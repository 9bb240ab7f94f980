// Looks over an OpenAPI document from standard input with Spectral: all its own rules, and the NL API Design Rules as
// far as a document shows them. Prints what is wrong as JSON, hints included. Run where `node_modules` is.
import { createRequire } from "node:module";
import { join } from "node:path";
import { readFileSync } from "node:fs";

const require = createRequire(join(process.cwd(), "package.json"));
const { Document, Spectral } = require("@stoplight/spectral-core");
const { Json } = require("@stoplight/spectral-parsers");
const { oas } = require("@stoplight/spectral-rulesets");
const { enumeration, pattern, schema, truthy } = require("@stoplight/spectral-functions");
const { oas3_1 } = require("@stoplight/spectral-formats");

const OPERATIONS = "$.paths[*][get,put,post,delete,patch,head,options]";
const matching = (match) => ({ function: pattern, functionOptions: { match } });
const rule = (message, given, then) => ({ message: `${message}: {{error}}`, severity: "error", given, then });

const ruleset = {
  extends: [[oas, "all"]],
  formats: [oas3_1],
  rules: {
    // OpenAPI 3.1 allows roles for every kind of security scheme; this rule knows them of OAuth only.
    "oas3-operation-security-defined": "off",
    "adr-contact": rule("whom to ask is said", "$.info.contact", ["name", "url"].map((field) => ({ field, function: truthy }))),
    "adr-version": rule("the version has three parts", "$.info.version", matching("^\\d+\\.\\d+\\.\\d+$")),
    "adr-uri-version": rule("the address of a server ends in the major version", "$.servers[*].url", matching("/v\\d+$")),
    "adr-https": rule("servers are reached by HTTPS", "$.servers[*].url", matching("^https://")),
    "adr-paths": rule("paths are in small letters, with hyphens", "$.paths[*]~", matching("^(/([a-z]+(-[a-z]+)*|\\{[a-z]+(-[a-z]+)*\\}))+$")),
    "adr-methods": rule("only these methods", "$.paths[*][?(@property.match(/^(get|put|post|delete|patch|head|options|trace)$/))]~",
      { function: enumeration, functionOptions: { values: ["get", "post", "put", "patch", "delete"] } }),
    "adr-version-header": rule("each good answer has the version", `${OPERATIONS}.responses[?(@property.match(/^2/))].headers`,
      { function: schema, functionOptions: { schema: { type: "object", required: ["API-Version"] } } }),
    "adr-problems": rule("each error is a problem", `${OPERATIONS}.responses[?(@property.match(/^[45]/))].content`,
      { function: schema, functionOptions: { schema: { type: "object", required: ["application/problem+json"], maxProperties: 1 } } }),
    "adr-parameters": rule("parameters are in lowerCamelCase", `${OPERATIONS}.parameters[?(@.in == 'query' || @.in == 'path')].name`, matching("^[a-z][a-zA-Z]*$")),
    "adr-fields": rule("fields are in lowerCamelCase", "$.components.schemas[*].properties[*]~", matching("^_?[a-z][a-zA-Z]*$")),
    "adr-schemas": rule("shapes are in UpperCamelCase", "$.components.schemas[*]~", matching("^[A-Z][a-zA-Z]*$")),
    "adr-summaries": rule("each operation says what it does", OPERATIONS, [{ field: "summary", function: truthy }, { field: "tags", function: truthy }]),
    "adr-security": rule("each operation says who may", OPERATIONS, { field: "security", function: truthy }),
  },
};

const spectral = new Spectral();
spectral.setRuleset(ruleset);
const found = await spectral.run(new Document(readFileSync(0, "utf8"), Json, "openapi.json"));
process.stdout.write(JSON.stringify(found.map(({ code, message, path }) => ({ code, message, path: path.join(".") }))));
