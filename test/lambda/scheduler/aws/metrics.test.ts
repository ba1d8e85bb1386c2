import { CloudWatchClient, type PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { alarmNames, metricNamespace } from '../../../../core/fleet/metrics.ts';
import { createMetrics, type CloudWatchMetrics } from '../../../../lambda/scheduler/aws/metrics.ts';
import { reportOf } from '../contract/store.ts';

function open(): { readonly metrics: CloudWatchMetrics; readonly sent: PutMetricDataCommandInput[] } {
  const sent: PutMetricDataCommandInput[] = [];
  const client = new CloudWatchClient({ region: 'us-east-1' });
  Object.assign(client, {
    send: ({ input }: { readonly input: PutMetricDataCommandInput }) => {
      sent.push(input);
      return Promise.resolve({});
    },
  });
  return { metrics: createMetrics({ client, fleet: 'f' }), sent };
}

const at = Date.UTC(2026, 10, 20);
const { figures } = reportOf(at, 1).plan;
const quiet = { figures, decisions: [], notes: [], alarms: [], errors: [], at };

const valueOf = (
  input: PutMetricDataCommandInput | undefined,
  name: string,
  dimensions: Readonly<Record<string, string>> = {},
): number | undefined =>
  input?.MetricData?.find(
    ({ MetricName, Dimensions = [] }) =>
      MetricName === name &&
      JSON.stringify(Object.fromEntries(Dimensions.map(({ Name = '', Value }) => [Name, Value]))) ===
        JSON.stringify({ Fleet: 'f', ...dimensions }),
  )?.Value;

describe('metrics in CloudWatch', () => {
  it('sends the passes of an invocation in one call', async () => {
    const { metrics, sent } = open();
    for (let pass = 0; pass < 5; pass += 1) await metrics.publish({ ...quiet, at: at + pass });
    expect(sent).toEqual([]);
    await metrics.flush();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.Namespace).toBe(metricNamespace);
    expect(valueOf(sent[0], 'Passes')).toBe(5);
    expect(valueOf(sent[0], 'Serving')).toBe(figures.serving);
  });

  it('sends nothing of no pass, and nothing twice', async () => {
    const { metrics, sent } = open();
    await metrics.flush();
    await metrics.publish(quiet);
    await metrics.flush();
    await metrics.flush();
    expect(sent).toHaveLength(1);
  });

  it('counts decisions by reason and failed calls by what they are, not by what they are done to', async () => {
    const { metrics, sent } = open();
    const decision = {
      action: { kind: 'set-desired', hosts: 3 },
      subject: {},
      reason: 'scale-out',
      text: '',
    } as const;
    const errors = ['start-task i-1', 'start-task i-2', 'tasks'].map((call) => ({ call, message: 'no' }));
    await metrics.publish({ ...quiet, decisions: [decision, decision], errors });
    await metrics.publish({ ...quiet, decisions: [decision] });
    await metrics.flush();
    expect(valueOf(sent[0], 'Decisions', { Reason: 'scale-out' })).toBe(3);
    expect(valueOf(sent[0], 'ApiErrors')).toBe(3);
    expect(valueOf(sent[0], 'ApiErrors', { Call: 'start-task' })).toBe(2);
    expect(valueOf(sent[0], 'ApiErrors', { Call: 'tasks' })).toBe(1);
  });

  it('says of every alarm whether it was raised, also when only one pass raised it', async () => {
    const { metrics, sent } = open();
    await metrics.publish({ ...quiet, alarms: [{ name: 'lost-task', subject: {}, text: '' }] });
    await metrics.publish(quiet);
    await metrics.flush();
    for (const name of alarmNames)
      expect(valueOf(sent[0], 'Alarm', { Alarm: name })).toBe(name === 'lost-task' ? 1 : 0);
  });
});
