/**
 * What a chat task says in its log about its load: the shard's log group makes a CloudWatch metric of it (lib/chat), by
 * which the number of tasks follows the people. CPU alone would not do: who only listens takes next to none.
 */
/** Of one shard: `tidecast-chat-a` is its stack. */
export const chatMetricNamespace = (stack: string): string => `Tidecast/Chat/${stack}`;
export const socketsMetric = 'Sockets';
/** `msg` of the line; its number is `sockets`. */
export const loadLine = 'load';
