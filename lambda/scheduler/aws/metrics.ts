import { PutMetricDataCommand, type CloudWatchClient, type MetricDatum } from '@aws-sdk/client-cloudwatch';
import { alarmNames, metricNamespace, metrics, type MetricDimension } from '../../../core/fleet/metrics.ts';
import type { FleetMetrics } from '../../../core/fleet/ports.ts';
import { call } from './errors.ts';

type Pass = Parameters<FleetMetrics['publish']>[0];

/** Keeps what the passes of one invocation say and sends it in one call. */
export interface CloudWatchMetrics extends FleetMetrics {
  flush(): Promise<void>;
}

/** PutMetricData takes 1,000; a pass whose every call fails differently may have more to say than is of use. */
const maxData = 1_000;

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/**
 * CloudWatch keeps a minute at best and charges by the call: the gauges of the newest pass and the sums over
 * all passes of the invocation say as much as a call for each.
 */
export function createMetrics(parts: {
  readonly client: CloudWatchClient;
  readonly fleet: string;
}): CloudWatchMetrics {
  const { client, fleet } = parts;
  let newest: Pass | undefined;
  let passes = 0;
  const reasons = new Map<string, number>();
  const errors = new Map<string, number>();
  const raised = new Set<string>();

  const data = (pass: Pass): readonly MetricDatum[] => {
    const datum = (
      { name, unit }: { readonly name: string; readonly unit: 'Count' | 'None' | 'Seconds' | 'Percent' },
      value: number,
      dimensions: { readonly [Name in MetricDimension]?: string } = {},
    ): MetricDatum => ({
      MetricName: name,
      Unit: unit,
      Value: value,
      Timestamp: new Date(pass.at),
      Dimensions: Object.entries({ Fleet: fleet, ...dimensions }).map(([Name, Value]) => ({ Name, Value })),
    });
    const { figures } = pass;
    const allErrors = [...errors.values()].reduce((sum, value) => sum + value, 0);
    return [
      datum(metrics.broadcasts, figures.broadcasts),
      datum(metrics.freeRoom, figures.freePoints),
      datum(metrics.wantedRoom, figures.wantedPoints),
      datum(metrics.hosts, figures.hosts),
      datum(metrics.serving, figures.serving),
      datum(metrics.draining, figures.draining),
      datum(metrics.lost, figures.lost),
      datum(metrics.longestDrain, figures.longestDrainMs / 1000),
      datum(metrics.rolloutProgress, figures.rolloutShare * 100),
      datum(metrics.passes, passes),
      datum(metrics.apiErrors, allErrors),
      ...alarmNames.map((name) => datum(metrics.alarms, raised.has(name) ? 1 : 0, { Alarm: name })),
      ...[...reasons].map(([Reason, value]) => datum(metrics.decisions, value, { Reason })),
      ...[...errors].map(([Call, value]) => datum(metrics.apiErrors, value, { Call })),
    ];
  };

  return {
    publish: (pass) => {
      newest = pass;
      passes += 1;
      for (const { reason } of pass.decisions) count(reasons, reason);
      // `start-task i-0abc…`: the host or task behind the name would be a metric of its own each time.
      for (const error of pass.errors) count(errors, error.call.split(' ')[0] ?? error.call);
      for (const { name } of pass.alarms) raised.add(name);
      return Promise.resolve();
    },
    flush: async () => {
      if (newest === undefined) return;
      const MetricData = data(newest).slice(0, maxData);
      newest = undefined;
      passes = 0;
      reasons.clear();
      errors.clear();
      raised.clear();
      await call(
        'publish the metrics',
        client.send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData })),
      );
    },
  };
}
