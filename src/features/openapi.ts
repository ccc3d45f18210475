/** The OpenAPI document of the features' routes, made from the schemas that check their requests. */

import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { route, type Route, type RouteAnswerDescription } from "./route.ts";

/** Where the document is served. */
export const DOCUMENT_PATH = "/api/openapi.json";

type JsonObject = Record<string, unknown>;

const ERROR = v.object({
  error: v.object({
    code: v.pipe(v.string(), v.description("Stable; docs/errors.md lists every one.")),
    message: v.pipe(v.string(), v.description("For people: what is wrong, and what to do.")),
  }),
});

/** The routes, with one more that serves the document of them all. */
export function withDocument(routes: readonly Route[]): readonly Route[] {
  let document: unknown;
  const all: Route[] = [...routes];
  all.push(
    route({
      method: "GET",
      path: DOCUMENT_PATH,
      summary: "This document.",
      answers: { 200: { description: "An OpenAPI 3.1 document.", schema: v.looseObject({}) } },
      // Made when it is first asked for: most Workers never are.
      run: async () => ({ ok: true, status: 200, json: (document ??= describeRoutes(all)) }),
    }),
  );
  return all;
}

/** OpenAPI 3.1 of routes. */
export function describeRoutes(routes: readonly Route[]): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [path, at] of Map.groupBy(routes, (r) => r.path)) {
    paths[path] = Object.fromEntries(at.map((r) => [r.method.toLowerCase(), describeRoute(r)]));
  }
  const schemes = new Map(
    routes.flatMap(({ access }) => (access === undefined ? [] : [[access.scheme, access]])),
  );
  const securitySchemes = Object.fromEntries(
    [...schemes].map(([name, { description }]) => [
      name,
      { type: "http", scheme: "bearer", description },
    ]),
  );
  return {
    openapi: "3.1.0",
    info: { title: "Headwater features", version: "1" },
    paths,
    components: { schemas: { Error: jsonSchema(ERROR) }, securitySchemes },
  };
}

function describeRoute(r: Route): JsonObject {
  const { summary, access, body, refusals = [] } = r;
  const answers = Object.entries(r.answers).map(([status, a]) => [status, describeAnswer(a)]);
  const codes = refusals.length === 0 ? "" : ` Its own codes: ${refusals.join(", ")}.`;
  return {
    summary,
    parameters: describeParameters(r),
    ...(access === undefined ? {} : { security: [{ [access.scheme]: [] }] }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(jsonSchema(body)) } }),
    responses: {
      ...Object.fromEntries(answers),
      default: {
        description: `A refusal.${codes}`,
        content: jsonContent({ $ref: "#/components/schemas/Error" }),
      },
    },
  };
}

function describeParameters({ path, params, query, idempotent }: Route): JsonObject[] {
  const key = {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: "A repeat within a day is answered as the first request was.",
    schema: { type: "string", minLength: 1, maxLength: 256 },
  };
  return [
    ...(params === undefined ? [] : describeFields(params, "path")).filter(({ name }) =>
      path.includes(`{${String(name)}}`),
    ),
    ...(query === undefined ? [] : describeFields(query, "query")),
    ...(idempotent === true ? [key] : []),
  ];
}

function describeFields(schema: v.GenericSchema, where: "path" | "query"): JsonObject[] {
  const { properties = {}, required = [] } = toJsonSchema(schema, OPTIONS);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    schema: property,
  }));
}

function describeAnswer({ description, schema, contentType }: RouteAnswerDescription): JsonObject {
  if (schema !== undefined) return { description, content: jsonContent(jsonSchema(schema)) };
  if (contentType === undefined) return { description };
  return { description, content: { [contentType]: {} } };
}

function jsonContent(schema: JsonObject): JsonObject {
  return { "application/json": { schema } };
}

// What a client sends is described, not what a schema makes of it; a transformation says nothing about either.
const OPTIONS = {
  target: "draft-2020-12",
  typeMode: "input",
  errorMode: "ignore",
} as const;

function jsonSchema(schema: v.GenericSchema): JsonObject {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema, OPTIONS);
  return rest;
}
