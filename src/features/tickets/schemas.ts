/** What clients may send to the ticket system. The messages say what would be right. */

import * as v from "valibot";
import { QUANTITY_MAX } from "./ticket-commands.ts";

/** How many tickets a page of the list has at most, and how many unless asked. */
const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 100;
const TEXT_LENGTH_MAX = 100;
const SCALE_MAX = 32;
const SCALE_DEFAULT = 8;

const VENUE = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "A venue is 1 to 63 of a-z, 0-9 and hyphens, and does not begin with a hyphen.",
  ),
);

const TEXT = "It must be text.";
const EMPTY = "It must not be empty.";
const LONG = `It must have at most ${TEXT_LENGTH_MAX} characters.`;
const CONTROLS = "It must not have control characters.";
const PRINTABLE = /^\P{C}*$/u;

/** A name for people, without the space around it. */
const NAME = v.pipe(
  v.string(TEXT),
  v.trim(),
  v.minLength(1, EMPTY),
  v.maxLength(TEXT_LENGTH_MAX, LONG),
  v.regex(PRINTABLE, CONTROLS),
);

/** A code or an id: what it names is looked up, so that a wrong one is unknown and not malformed. */
const KEY = v.pipe(
  v.string(TEXT),
  v.minLength(1, EMPTY),
  v.maxLength(TEXT_LENGTH_MAX, LONG),
  v.regex(PRINTABLE, CONTROLS),
);

const VENUE_PARAM = { venue: v.optional(VENUE, "main") };

export const VENUE_PARAMS = v.object(VENUE_PARAM);
export const CODE_PARAMS = v.object({ ...VENUE_PARAM, qrCode: KEY });
export const COMPANY_PARAMS = v.object({ ...VENUE_PARAM, id: KEY });

/** Whole numbers in a query are text. */
function integerText(min: number, max: number) {
  const message = `It must be a whole number from ${min} to ${max}.`;
  return v.pipe(
    v.string(message),
    v.regex(/^\d{1,16}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

export function createBody(types: readonly [string, ...string[]]) {
  const quantity = `It must be a whole number from 1 to ${QUANTITY_MAX}.`;
  return v.strictObject({
    ticketType: v.picklist(types, `It must be one of: ${types.join(", ")}.`),
    quantity: v.optional(
      v.pipe(
        v.number(quantity),
        v.integer(quantity),
        v.minValue(1, quantity),
        v.maxValue(QUANTITY_MAX, quantity),
      ),
      1,
    ),
  });
}

export const ACTIVATE_BODY = v.strictObject({ qrCode: KEY, companyKey: KEY });
export const VALIDATE_BODY = v.strictObject({ qrCode: KEY, scannerLocation: v.optional(NAME) });
export const COMPANY_BODY = v.strictObject({ name: NAME });

export const CHECK_QUERY = v.object({ qrCode: KEY });
export const LIST_QUERY = v.object({
  cursor: v.optional(integerText(0, Number.MAX_SAFE_INTEGER)),
  limit: v.optional(integerText(1, LIMIT_MAX), String(LIMIT_DEFAULT)),
});
export const PNG_QUERY = v.object({
  scale: v.optional(integerText(1, SCALE_MAX), String(SCALE_DEFAULT)),
});
