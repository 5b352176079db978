/** Resources in the plan, with the attributes that the bench's price book prices by. */
const RESOURCES = 20;

const resource = (index, number) => ({
  address: `aws_instance.bench_${index}`,
  mode: 'managed',
  type: 'aws_instance',
  name: `bench_${index}`,
  provider_name: 'registry.terraform.io/hashicorp/aws',
  change: {
    actions: ['create'],
    before: null,
    after: {
      instance_type: 't3.nano',
      availability_zone: 'us-east-1a',
      ami: `ami-${number}`,
      tags: { team: 'platform' },
    },
    after_unknown: { id: true, arn: true, private_ip: true },
    before_sensitive: false,
    after_sensitive: {},
  },
});

/** A plan of 20 resources; `number` makes each another text. */
export const planOf20 = (number) => ({
  format_version: '1.2',
  terraform_version: '1.9.8',
  resource_changes: Array.from({ length: RESOURCES }, (_, index) => resource(index, number)),
});

/** Prices the plan and the pods of the bench. Cheap, so that no limit is ever met. */
export const BENCH_BOOK = {
  format: 'verdict.price-book.v1',
  version: 'bench-1',
  currency: 'USD',
  hours_per_month: 730,
  defaults: { aws: { region: 'us-east-1' } },
  entries: [
    {
      id: 'instance',
      resource_type: 'aws_instance',
      match: { instance_type: 't3.nano' },
      components: [{ name: 'month', unit: 'month', unit_price: '0.01', quantity: '1' }],
    },
    {
      id: 'pod',
      resource_type: 'k8s:pod',
      components: [{ name: 'cpu', unit: 'month', unit_price: '0.0001', quantity: { from: ['cpu_milli'] } }],
    },
  ],
};
