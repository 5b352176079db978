/** What the part `scale-out` measures. */
export const FIGURES = ['throughput', 'lag', 'take-over', 'catch-up'];
