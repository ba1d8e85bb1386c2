/**
 * USD an hour of an ingest host: c8g.4xlarge (16 vCPU) on demand in Tokyo, 0.80048, and its public address,
 * 0.005. Source: the skypilot catalogue v8 of late 2025 and AWS's page on Elastic IPs, both quoted in the project's
 * notes on AWS; not fetched anew. Whether this type holds the simulated number of broadcasts has to be
 * measured on one (core/fleet/policy.ts, hosts.roomPoints): the table compares, it does not promise.
 */
export const usdPerHostHour = 0.800_48 + 0.005;

export const costOfHours = (hours: number): number => hours * usdPerHostHour;
