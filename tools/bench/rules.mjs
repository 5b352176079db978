/** Conditions as authors write them: all are evaluated, none matches what the bench asks. */
const CONDITIONS = [
  'cost.monthly > usd("5000.00") && request.environment_class == "prod"',
  'change.destructive && request.environment_class == "prod" && !("sre" in actor.groups)',
  'request.resource_types.exists(t, t.startsWith("aws_nat_gateway"))',
  'cost.completeness == "unknown" && cost.monthly > usd("100.00")',
  '"team" in request.metadata && request.metadata.team == "interns"',
  'budget.matched.exists(b, b.headroom < usd("1.00"))',
  'risk.class == "high" && actor.kind == "service"',
  'request.project_id.startsWith("legacy-")',
  'context.project.stale && cost.monthly > usd("1000.00") && budget.unfunded > 0',
  'change.replaces > 5 || change.deletes > 20',
];

/** So many rules of one policy; each condition is a text of its own. */
export const rulesOf = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: `rule-${index}`,
    condition: `(${CONDITIONS[index % CONDITIONS.length]}) && cost.monthly > ${index}`,
    effect: index % 2 === 0 ? 'require_approval' : 'deny',
    message: 'bench',
  }));
