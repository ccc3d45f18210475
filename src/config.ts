/**
 * The configuration: every variable, its default and its range, parsed once.
 *
 * The launcher parses it before it starts anything and the Worker parses it again from its bindings, with this
 * one table, so that a value refused here can never be served with.
 */

/** Everything a deployment can set. Durations are milliseconds, sizes are bytes. */
export interface Config {
  /** What an append waits for: the object's own journal, or D1 as well. */
  readonly ackMode: "journal" | "d1";
  /** Whether answers to catch-up reads may be kept by shared caches (§10.1). */
  readonly cacheScope: "public" | "private";
  readonly flushIntervalMs: number;
  readonly flushBytes: number;
  /** What the journal may hold that D1 has not taken. */
  readonly journalBytesMax: number;
  readonly segmentBytes: number;
  readonly longPollTimeoutMs: number;
  readonly sseDurationMs: number;
  readonly sseHeartbeatMs: number;
  /** Who has it may list, export and import every stream; nobody may where there is none. */
  readonly adminToken: string | undefined;
  /** Whether routes of features that need a token are open where none is configured. */
  readonly development: boolean;
  readonly ticketsAdminToken: string | undefined;
  readonly ticketsScannerToken: string | undefined;
  readonly ticketsPrefix: string;
  readonly ticketsTypes: readonly [string, ...string[]];
  /** `host:port` targets that comparisons may ask although they are not public: for development and tests. */
  readonly compareAllowedHosts: ReadonlySet<string>;
}

interface ChoiceVariable {
  readonly kind: "choice";
  readonly choices: readonly [string, ...string[]];
}

interface IntegerVariable {
  readonly kind: "integer";
  readonly unit: "ms" | "bytes";
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

interface TextVariable {
  readonly kind: "text";
  readonly default: string;
  readonly pattern: RegExp;
  /** What the pattern asks for, in words. */
  readonly rule: string;
}

function token(lengthMin: number) {
  const rule = `${lengthMin} to 256 visible characters`;
  const pattern = new RegExp(`^[!-~]{${lengthMin},256}$`);
  return { kind: "text", default: "", pattern, rule } as const;
}

/** The variables by name; the first choice is the default. README.md's table is checked against this. */
export const VARIABLES = {
  ACK_MODE: { kind: "choice", choices: ["journal", "d1"] },
  CACHE_SCOPE: { kind: "choice", choices: ["public", "private"] },
  FLUSH_INTERVAL_MS: { kind: "integer", unit: "ms", default: 5_000, min: 10, max: 600_000 },
  FLUSH_BYTES: { kind: "integer", unit: "bytes", default: 262_144, min: 1_024, max: 8_388_608 },
  JOURNAL_BYTES_MAX: {
    kind: "integer",
    unit: "bytes",
    default: 67_108_864,
    min: 1_024,
    max: 1_073_741_824,
  },
  SEGMENT_BYTES: {
    kind: "integer",
    unit: "bytes",
    default: 8_388_608,
    min: 1_024,
    max: 33_554_432,
  },
  LONG_POLL_TIMEOUT_MS: { kind: "integer", unit: "ms", default: 30_000, min: 100, max: 300_000 },
  SSE_DURATION_MS: { kind: "integer", unit: "ms", default: 60_000, min: 500, max: 3_600_000 },
  SSE_HEARTBEAT_MS: { kind: "integer", unit: "ms", default: 15_000, min: 100, max: 300_000 },
  ADMIN_TOKEN: token(16),
  DEVELOPMENT: { kind: "choice", choices: ["off", "on"] },
  TICKETS_ADMIN_TOKEN: token(8),
  TICKETS_SCANNER_TOKEN: token(8),
  TICKETS_PREFIX: {
    kind: "text",
    default: "TICKET",
    pattern: /^[A-Z0-9]{1,20}$/,
    rule: "1 to 20 of A-Z and 0-9",
  },
  TICKETS_TYPES: {
    kind: "text",
    default: "adult,child,senior,family",
    pattern: /^[a-z0-9_-]{1,32}(?:,[a-z0-9_-]{1,32}){0,49}$/,
    rule: "1 to 50 names of a-z, 0-9, _ and -, with commas",
  },
  COMPARE_ALLOWED_HOSTS: {
    kind: "text",
    default: "",
    // Names, IPv4 addresses or IPv6 addresses in brackets, each with a port.
    pattern:
      /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]+\]):\d{1,5}(?:,(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]+\]):\d{1,5}){0,49}$/,
    rule: "1 to 50 host:port targets in lower case, with commas",
  },
} as const satisfies Record<string, ChoiceVariable | IntegerVariable | TextVariable>;

export type VariableName = keyof typeof VARIABLES;

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * Parses the variables of an environment. Absent and empty values mean the default; other names are ignored.
 *
 * @param env the Worker's bindings or a process environment
 * @returns the configuration, or one sentence for every value that was refused
 */
export function parseConfig(env: Readonly<Record<string, unknown>>): ConfigResult {
  const errors: string[] = [];

  const choice = <T extends string>(name: VariableName, choices: readonly [T, ...T[]]): T => {
    const value = env[name];
    if (value === undefined || value === "") return choices[0];
    const chosen = choices.find((c) => c === value);
    if (chosen !== undefined) return chosen;
    errors.push(`${name} is ${show(value)}: it must be ${choices.join(" or ")}.`);
    return choices[0];
  };

  const integer = (name: VariableName, variable: IntegerVariable): number => {
    const value = env[name];
    if (value === undefined || value === "") return variable.default;
    const text = typeof value === "number" ? String(value) : value;
    const number = typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= variable.min && number <= variable.max) return number;
    const { min, max, unit } = variable;
    errors.push(
      `${name} is ${show(value)}: it must be an integer from ${min} to ${max} (${unit}).`,
    );
    return variable.default;
  };

  const text = (name: VariableName, { default: usual, pattern, rule }: TextVariable): string => {
    const value = env[name];
    if (value === undefined || value === "") return usual;
    if (typeof value === "string" && pattern.test(value)) return value;
    // A token is not repeated where it could be read.
    errors.push(`${name} is not what it must be: ${rule}.`);
    return usual;
  };

  const [firstType = "", ...types] = text("TICKETS_TYPES", VARIABLES.TICKETS_TYPES).split(",");
  const config: Config = {
    ackMode: choice("ACK_MODE", VARIABLES.ACK_MODE.choices),
    cacheScope: choice("CACHE_SCOPE", VARIABLES.CACHE_SCOPE.choices),
    flushIntervalMs: integer("FLUSH_INTERVAL_MS", VARIABLES.FLUSH_INTERVAL_MS),
    flushBytes: integer("FLUSH_BYTES", VARIABLES.FLUSH_BYTES),
    journalBytesMax: integer("JOURNAL_BYTES_MAX", VARIABLES.JOURNAL_BYTES_MAX),
    segmentBytes: integer("SEGMENT_BYTES", VARIABLES.SEGMENT_BYTES),
    longPollTimeoutMs: integer("LONG_POLL_TIMEOUT_MS", VARIABLES.LONG_POLL_TIMEOUT_MS),
    sseDurationMs: integer("SSE_DURATION_MS", VARIABLES.SSE_DURATION_MS),
    sseHeartbeatMs: integer("SSE_HEARTBEAT_MS", VARIABLES.SSE_HEARTBEAT_MS),
    adminToken: text("ADMIN_TOKEN", VARIABLES.ADMIN_TOKEN) || undefined,
    development: choice("DEVELOPMENT", VARIABLES.DEVELOPMENT.choices) === "on",
    ticketsAdminToken: text("TICKETS_ADMIN_TOKEN", VARIABLES.TICKETS_ADMIN_TOKEN) || undefined,
    ticketsScannerToken:
      text("TICKETS_SCANNER_TOKEN", VARIABLES.TICKETS_SCANNER_TOKEN) || undefined,
    ticketsPrefix: text("TICKETS_PREFIX", VARIABLES.TICKETS_PREFIX),
    ticketsTypes: [firstType, ...types],
    compareAllowedHosts: new Set(
      text("COMPARE_ALLOWED_HOSTS", VARIABLES.COMPARE_ALLOWED_HOSTS).split(",").filter(Boolean),
    ),
  };
  return errors.length === 0 ? { ok: true, config } : { ok: false, errors };
}

/**
 * The configuration of an environment that has been checked.
 *
 * @throws Error when it is refused: the Worker refuses before it asks an object or starts a Workflow, so that only a
 *   deployment in mid-change comes here
 */
export function loadConfig(env: object): Config {
  const parsed = parseConfig(env as Record<string, unknown>);
  if (parsed.ok) return parsed.config;
  throw new Error(parsed.errors.join(" "));
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
