/** The isolate's clock, which a test can set forward: an hour's wait is then over at once. */

const realNow = Date.now.bind(Date);

export const clock = { skewMs: 0 };

export function startClock(): void {
  Date.now = () => realNow() + clock.skewMs;
}
