import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { goOffline } from "./scripts/offline.ts";

goOffline();

const root = import.meta.dirname;
const PERF_SMOKE = "perf/smoke.test.ts";
const inWorkerd = ["src/**/*.workers.test.ts", "test/**/*.workers.test.ts"];

export default defineConfig({
  test: {
    // The long files wait for the clock more than they compute.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: ["test/seed.ts"],
          // Properties are tried on many values: on a busy machine that takes its time.
          testTimeout: 30_000,
          include: ["src/**/*.test.ts", "perf/**/*.test.ts"],
          exclude: [...inWorkerd, PERF_SMOKE],
        },
      },
      {
        plugins: [
          cloudflareTest(async ({ inject }) => ({
            wrangler: { configPath: join(root, "wrangler.toml") },
            miniflare: {
              bindings: {
                MIGRATIONS: await readD1Migrations(join(root, "migrations")),
                DEVELOPMENT: "on",
                COMPARE_ALLOWED_HOSTS: inject("probeTarget"),
              },
              serviceBindings: { AI: { name: "language-model", entrypoint: "LanguageModel" } },
              workers: [
                {
                  name: "language-model",
                  modules: true,
                  scriptPath: join(root, "test/language-model.js"),
                  compatibilityDate: "2026-11-01",
                },
              ],
            },
          })),
        ],
        test: {
          name: "workers",
          include: inWorkerd,
          globalSetup: ["test/probe-target.ts"],
          setupFiles: ["test/seed.ts", "test/workers-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "server",
          include: ["conformance/**/*.test.ts", "test/**/*.test.ts", PERF_SMOKE],
          exclude: inWorkerd,
          globalSetup: ["test/servers.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
