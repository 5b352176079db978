const DEADLINE_MS = 90_000;

/** How long a test with brokers may take. */
export const TEST_MS = 240_000;

/** Repeats until `work` gives true; what takes this long on a loaded machine is broken. */
export const eventually = async (work: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await work())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${String(DEADLINE_MS / 1000)} seconds`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};

/** Repeats until `work` does not reject: brokers may be slow for a while, which clients bound by short times. */
export const patiently = (work: () => Promise<unknown>): Promise<void> =>
  eventually(() =>
    work().then(
      () => true,
      () => false,
    ),
  );
