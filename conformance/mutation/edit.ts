/** Small edits of requests and answers, of which mutants are made. */

import type { Behaviour, ProxiedAnswer, ProxiedRequest } from "./proxy.ts";

export interface Mutant extends Behaviour {
  /** What is wrong with this server, in a sentence. */
  readonly name: string;
  /** The requirements, or the rules of the characterisation suite, each of which must find it. */
  readonly caughtBy: readonly string[];
}

type Answered = (answer: ProxiedAnswer, request: ProxiedRequest) => boolean;

/** The same answer without headers (names in lower case). */
export function without<T extends ProxiedAnswer | ProxiedRequest>(
  message: T,
  ...names: readonly string[]
): T {
  const kept = Object.entries(message.headers).filter(([name]) => !names.includes(name));
  return { ...message, headers: Object.fromEntries(kept) };
}

export function withHeader<T extends ProxiedAnswer | ProxiedRequest>(
  message: T,
  name: string,
  value: string,
): T {
  return { ...message, headers: { ...message.headers, [name]: value } };
}

/** A mutant's `answer` that drops a header from the answers that `when` chooses. */
export function drops(name: string, when: Answered): Pick<Behaviour, "answer"> {
  return {
    answer: (answer, request) => (when(answer, request) ? without(answer, name) : answer),
  };
}

export function sets(name: string, value: string, when: Answered): Pick<Behaviour, "answer"> {
  return {
    answer: (answer, request) => (when(answer, request) ? withHeader(answer, name, value) : answer),
  };
}

export function turns(from: number, into: number, when: Answered): Pick<Behaviour, "answer"> {
  return {
    answer: (answer, request) =>
      answer.status === from && when(answer, request) ? { ...answer, status: into } : answer,
  };
}

export const always: Answered = () => true;

/** Answers to a method, optionally of one status. */
export function to(method: string, status?: number): Answered {
  return (answer, request) =>
    request.method === method && (status === undefined || answer.status === status);
}

export function live(mode: "long-poll" | "sse", status?: number): Answered {
  return (answer, request) =>
    query(request).get("live") === mode && (status === undefined || answer.status === status);
}

export function catchUp(answer: ProxiedAnswer, request: ProxiedRequest): boolean {
  return request.method === "GET" && answer.status === 200 && !query(request).has("live");
}

export function query(request: ProxiedRequest): URLSearchParams {
  return new URLSearchParams(request.target.split("?")[1] ?? "");
}

export function withQuery(
  request: ProxiedRequest,
  change: (query: URLSearchParams) => void,
): ProxiedRequest {
  const search = query(request);
  change(search);
  const path = request.target.split("?")[0] ?? "";
  return { ...request, target: search.size === 0 ? path : `${path}?${search.toString()}` };
}

export function pathOf(request: ProxiedRequest): string {
  return request.target.split("?")[0] ?? "";
}

export function isJson(message: ProxiedAnswer | ProxiedRequest): boolean {
  return message.headers["content-type"]?.startsWith("application/json") ?? false;
}

/** Parses JSON that may be none: mutants see everything that tests send. */
export function tryJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function answered(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): ProxiedAnswer {
  return { status, headers, body: Buffer.alloc(0) };
}

/** Changes the fields of a control event and leaves data events alone. */
export function control(
  change: (fields: Record<string, unknown>) => void,
): Pick<Behaviour, "events"> {
  return {
    events: () => (event) => {
      if (!event.includes("event: control") && !event.includes("event:control")) return event;
      const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? "{}";
      const fields = JSON.parse(data) as Record<string, unknown>;
      change(fields);
      return `event: control\ndata: ${JSON.stringify(fields)}`;
    },
  };
}

export function isDataEvent(event: string): boolean {
  return /^event: ?data$/m.test(event);
}

/** Whether this is an offset of our server, and none of the reserved values. */
export function isToken(offset: string | null | undefined): offset is string {
  return offset !== null && offset !== undefined && /^[0-9_]{5,}$/.test(offset);
}

/** Turns the digits of an offset of our server around, 0 to 9 and 1 to 8: still unique, and sorted backwards. */
function complement(offset: string): string {
  return offset.replaceAll(/[0-9]/g, (digit) => String(9 - Number(digit)));
}

/** Gives out offsets that sort backwards, and takes them. */
export const backwards: Pick<Behaviour, "request" | "answer"> = {
  request: (r) => {
    const offset = query(r).get("offset");
    return isToken(offset) ? withQuery(r, (q) => q.set("offset", complement(offset))) : r;
  },
  answer: (a) => {
    const offset = a.headers["stream-next-offset"];
    return isToken(offset) ? withHeader(a, "stream-next-offset", complement(offset)) : a;
  },
};

/** Changes the messages of an answer in JSON. */
export function changeMessages(
  answer: ProxiedAnswer,
  change: (messages: unknown[]) => unknown,
): ProxiedAnswer {
  const messages = isJson(answer) ? tryJson(answer.body) : undefined;
  if (!Array.isArray(messages)) return answer;
  return { ...answer, body: Buffer.from(JSON.stringify(change(messages))) };
}

/** Makes what is true for every n-th call. */
export function everyNth(n: number): () => boolean {
  let calls = 0;
  return () => (calls += 1) % n === 0;
}
