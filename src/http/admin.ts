/** The routes of the operator: the catalogue, export and import. All of them ask for the deployment's token. */

import type { ListCommand, Listing } from "#engine/list.ts";
import { formatListCursor } from "#protocol/list-cursor.ts";
import { CATALOGUE_PATH } from "#protocol/names.ts";
import { refuseStranger } from "./admin-token.ts";
import { parseAdminTarget } from "./admin-stream.ts";
import { dropBody } from "./body.ts";
import { parseList } from "./parse-list.ts";
import { respondJson, respondRefusal } from "./respond.ts";
import type { AnswerElse, Forward } from "./router.ts";
import { pathnameOf, queryOf } from "./target.ts";

export interface AdminServices<Bindings> {
  adminToken(bindings: Bindings): string | undefined;
  list(command: ListCommand, bindings: Bindings): Promise<Listing>;
  /** Sends a request to the object of a stream, as the operator's. */
  administer: Forward<Bindings>;
}

export function createAdminRoutes<Bindings>(
  services: AdminServices<Bindings>,
): AnswerElse<Bindings> {
  return async (request, bindings) => {
    const pathname = pathnameOf(request.url);
    const target = parseAdminTarget(request.url);
    if (pathname !== CATALOGUE_PATH && target === undefined) return undefined;
    const refusal = await refuseStranger(request, services.adminToken(bindings));
    if (refusal !== undefined) {
      await dropBody(request);
      return respondRefusal(refusal);
    }
    if (target !== undefined) return services.administer(target.path, request, bindings);
    return list(request, (command) => services.list(command, bindings));
  };
}

async function list(
  request: Request,
  ask: (command: ListCommand) => Promise<Listing>,
): Promise<Response> {
  await dropBody(request);
  if (request.method !== "GET") {
    const message = "The catalogue answers to GET.";
    return respondRefusal({ code: "method_not_allowed", message, allow: "GET, OPTIONS" });
  }
  const command = parseList(new URLSearchParams(queryOf(request.url)));
  if (!command.ok) return respondRefusal(command.refusal);
  const { streams, last } = await ask(command.value);
  return respondJson({
    streams: streams.map(({ path, contentType, createdAtMs }) => ({
      path,
      contentType,
      createdAt: new Date(createdAtMs).toISOString(),
    })),
    ...(last === undefined ? {} : { nextCursor: formatListCursor(last) }),
  });
}
