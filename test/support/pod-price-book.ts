/** One CPU of a pod costs 40 USD a month; nothing else has a price. */
export const POD_BOOK = {
  format: 'verdict.price-book.v1',
  version: 'k8s-1',
  currency: 'USD',
  hours_per_month: 730,
  entries: [
    {
      id: 'pod',
      resource_type: 'k8s:pod',
      components: [{ name: 'cpu', unit: 'month', unit_price: '0.04', quantity: { from: ['cpu_milli'] } }],
    },
  ],
} as const;
