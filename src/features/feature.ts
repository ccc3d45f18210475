/**
 * What a feature is: an application whose only state is streams.
 *
 * A command is decided on tables that follow from the stream, in the stream's own object. Its events, what they change
 * in the tables and the answer to a repeated request become durable in one transaction. The tables are a cache:
 * replaying the stream into empty ones gives the same rows. docs/features.md shows how to write one.
 */

import type { Position } from "#protocol/offset.ts";
import type { Command, FeatureEvent, Query, Tables, Timer } from "./command.ts";
import type { Route } from "./route.ts";

/** An application made of streams. `Settings` is what its routes need of the configuration. */
export interface Feature<Settings = never, Event extends FeatureEvent = FeatureEvent> {
  /** Its streams are the paths below `{name}/`, and its tables are called `{name}_…`. */
  readonly name: string;
  /** Raised whenever the tables or what `project` makes of an event change: the tables are then built anew. */
  readonly version: number;
  /** The statements that create each table, with its indices, by the table's name. */
  readonly tables: Readonly<Record<string, string>>;
  readonly commands: readonly Command<unknown, unknown, Event>[];
  readonly queries: readonly Query[];
  readonly timer?: Timer<Event>;
  /** Follows one event in the tables. `at` is where the event begins in the stream. Unknown types are ignored. */
  project(event: Event, at: Position, tables: Tables): void;
  /** Removes from the tables all that came from events before a position: required of a feature that trims. */
  forget?(before: Position, tables: Tables): void;
  /** Where a client finds the commands: named by the 405 of a raw write, such as `POST /api/tickets`. */
  readonly commandRoute: string;
  /** The HTTP routes. Asked once, with the deployment's configuration. */
  routes(settings: Settings): readonly Route[];
}
