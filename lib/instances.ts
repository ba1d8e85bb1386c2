/** What the planner has to know of a host's type. */
export interface InstanceFacts {
  readonly type: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly architecture: 'arm64' | 'x86_64';
  /**
   * Points (core/fleet/cost.ts) that it holds with its CPU at policy.cpu.high: the default policy's 4,000 for 16 vCPU,
   * in proportion. Measured on no instance yet; the measured CPU corrects it.
   */
  readonly roomPoints: number;
}

const families: Readonly<
  Record<string, { readonly architecture: InstanceFacts['architecture']; readonly gibPerVcpu: number }>
> = {
  c7g: { architecture: 'arm64', gibPerVcpu: 2 },
  c8g: { architecture: 'arm64', gibPerVcpu: 2 },
  m8g: { architecture: 'arm64', gibPerVcpu: 4 },
  c7i: { architecture: 'x86_64', gibPerVcpu: 2 },
  c7a: { architecture: 'x86_64', gibPerVcpu: 2 },
  c8a: { architecture: 'x86_64', gibPerVcpu: 2 },
};

const vcpusOf: Readonly<Record<string, number>> = {
  large: 2,
  xlarge: 4,
  '2xlarge': 8,
  '4xlarge': 16,
  '8xlarge': 32,
  '12xlarge': 48,
  '16xlarge': 64,
};

const pointsPerVcpu = 250;

/** @returns the facts, or what is wrong with the name */
export function instanceFacts(type: string): InstanceFacts | string {
  const [family = '', size = ''] = type.split('.');
  const facts = families[family];
  const vcpus = vcpusOf[size];
  if (facts === undefined || vcpus === undefined)
    return `${type} is not known: a family of ${Object.keys(families).join(', ')} in a size of ${Object.keys(vcpusOf).join(', ')}`;
  return {
    type,
    vcpus,
    memoryMiB: vcpus * facts.gibPerVcpu * 1024,
    architecture: facts.architecture,
    roomPoints: vcpus * pointsPerVcpu,
  };
}
