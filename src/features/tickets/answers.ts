/** What the ticket system answers, as the OpenAPI document describes it and the tests check it. */

import * as v from "valibot";
import { COMPANY } from "./company.ts";
import { TICKET } from "./ticket.ts";

const COUNT = v.pipe(v.number(), v.integer(), v.minValue(0));
const TIME = v.pipe(v.string(), v.isoTimestamp());

const describe = (description: string, schema: v.GenericSchema) => ({ description, schema });

export const TICKETS_ANSWER = describe(
  "The new tickets.",
  v.strictObject({ tickets: v.array(v.strictObject(TICKET.entries)) }),
);
export const TICKET_ANSWER = describe(
  "The ticket.",
  v.strictObject({ ticket: v.strictObject(TICKET.entries) }),
);
export const VALIDATION_ANSWER = describe(
  "Whether the ticket is let in.",
  v.union([
    v.strictObject({ valid: v.literal(true), ticket: v.strictObject(TICKET.entries) }),
    v.strictObject({
      valid: v.literal(false),
      reason: v.picklist(["not_activated", "duplicate"]),
      usedAt: v.optional(TIME),
    }),
  ]),
);
export const STATS_ANSWER = describe(
  "Numbers that every command has kept.",
  v.strictObject({
    totalTickets: COUNT,
    activatedTickets: COUNT,
    validatedTickets: COUNT,
    rejectedScans: COUNT,
    byType: v.record(v.string(), COUNT),
    byCompany: v.record(v.string(), COUNT),
    perHour: v.array(v.strictObject({ hour: TIME, validated: COUNT, rejected: COUNT })),
  }),
);
export const LIST_ANSWER = describe(
  "A page of tickets in the order of their creation; the next one begins at nextCursor.",
  v.strictObject({
    tickets: v.array(v.strictObject(TICKET.entries)),
    total: COUNT,
    nextCursor: v.optional(v.string()),
  }),
);
export const COMPANIES_ANSWER = describe(
  "All companies, deactivated ones included.",
  v.strictObject({ companies: v.array(v.strictObject(COMPANY.entries)) }),
);
export const KEY_ANSWER = describe(
  "The company, and its key: it is not shown again.",
  v.strictObject({ company: v.strictObject(COMPANY.entries), companyKey: v.string() }),
);
export const COUNT_ANSWER = describe("How many were deleted.", v.strictObject({ count: COUNT }));
export const REBUILD_ANSWER = describe(
  "How many events were replayed.",
  v.strictObject({ events: COUNT }),
);
