/** Property tests draw the same values in every run: a failure is a change's fault, and can be seen again. */

import fc from "fast-check";

// oxlint-disable-next-line import/no-named-as-default-member -- fast-check's own way of writing it
fc.configureGlobal({ seed: 20_261_121 });
