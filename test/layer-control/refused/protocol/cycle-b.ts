import type { A } from "./cycle-a.ts";
export interface B {
  a: A;
}
