/** Work that is left to be done, in the object's own database: a row for each task, until it is finished. */

import { attemptWrite } from "./attempt.ts";
import type { Journal, StoredTask, Task } from "./contract.ts";

type TaskRow = { id: number; task: string; attempts: number; due_ms: number };

/** The part of a journal that keeps tasks: they are committed together with what made them necessary. */
export class TaskTable implements Pick<
  Journal,
  "addTask" | "tasks" | "replaceTask" | "postponeTask" | "finishTask"
> {
  protected readonly sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.sql = sql;
  }

  addTask(task: Task, dueMs: number): number {
    const insert = "INSERT INTO tasks (task, attempts, due_ms) VALUES (?, 0, ?) RETURNING id";
    const json = JSON.stringify(task);
    return attemptWrite(() => this.sql.exec<{ id: number }>(insert, json, dueMs).one().id);
  }

  tasks(): StoredTask[] {
    const rows = this.sql.exec<TaskRow>("SELECT * FROM tasks ORDER BY due_ms, id").toArray();
    return rows.map(({ id, task, attempts, due_ms: dueMs }) => ({
      id,
      task: JSON.parse(task) as Task,
      attempts,
      dueMs,
    }));
  }

  replaceTask(id: number, task: Task, dueMs: number): void {
    const statement = "UPDATE tasks SET task = ?, attempts = 0, due_ms = ? WHERE id = ?";
    this.write(statement, JSON.stringify(task), dueMs, id);
  }

  postponeTask(id: number, dueMs: number): void {
    this.write("UPDATE tasks SET attempts = attempts + 1, due_ms = ? WHERE id = ?", dueMs, id);
  }

  finishTask(id: number): void {
    this.write("DELETE FROM tasks WHERE id = ?", id);
  }

  protected write(statement: string, ...values: (string | number)[]): void {
    attemptWrite(() => this.sql.exec(statement, ...values));
  }
}
