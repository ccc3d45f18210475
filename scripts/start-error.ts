/** A reason not to start that the user can act on: each line is a sentence for the terminal. */
export class StartError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.name = "StartError";
    this.lines = lines;
  }
}
