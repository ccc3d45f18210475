/**
 * A language model for the tests inside workerd, bound as `AI` and called as Workers AI is. What it is asked about
 * tells it how to behave: a test puts the word into a URL that is compared.
 */

import { WorkerEntrypoint } from "cloudflare:workers";

const EXPLANATION = {
  summary: "Written by the model.",
  rankedCauses: [{ cause: "Another query.", confidence: 0.9, evidence: ["FINAL_URL_MISMATCH"] }],
  actions: [{ action: "Compare the queries.", why: "They differ." }],
};

/** When it was called, in milliseconds since 1970, by the word that it was asked with. */
const calls = {};

export class LanguageModel extends WorkerEntrypoint {
  async run(model, { messages }) {
    const [word = "none"] = /model-\w+/.exec(messages[1].content) ?? [];
    (calls[word] ??= []).push(Date.now());
    if (word === "model-down") throw new Error("The model is overloaded.");
    if (word === "model-vague") return { response: "It is hard to say." };
    if (word === "model-flaky" && calls[word].length < 3) return { response: '{"summary":' };
    return { response: `Certainly! ${JSON.stringify(EXPLANATION)} I hope that helps.`, model };
  }

  callsOf(word) {
    return calls[word] ?? [];
  }
}

export default {};
