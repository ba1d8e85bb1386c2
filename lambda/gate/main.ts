/** The CloudFront Function as it is deployed: lib/delivery/function-code.ts makes one file of it. */
import cloudfront from 'cloudfront';
import crypto from 'crypto';
import type { EdgeEvent, EdgeRequest, EdgeResponse, GateTools } from './event.ts';
import { answer } from './gate.ts';

const store = cloudfront.kvs();

const tools: GateTools = {
  read: (key) => store.get(key),
  hmac: (secret, text) => crypto.createHmac('sha256', secret).update(text).digest('hex'),
  nowMs: () => Date.now(),
  random: () => Math.random(),
};

export async function handler(event: EdgeEvent): Promise<EdgeRequest | EdgeResponse> {
  return answer(event, tools);
}
