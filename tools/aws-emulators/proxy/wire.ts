/** How the AWS services that we use look on the wire: enough to name a call and to shape an error. */
import { gunzipSync } from 'node:zlib';

/** By the names that requests are signed for. */
export type Service =
  | 'autoscaling'
  | 'dynamodb'
  | 'ec2'
  | 'ecr'
  | 'ecs'
  | 'elasticloadbalancing'
  | 'monitoring'
  | 'route53';

type Protocol = 'json' | 'query' | 'ec2' | 'rest-xml';

const protocols: Readonly<Record<Service, Protocol>> = {
  autoscaling: 'query',
  dynamodb: 'json',
  ec2: 'ec2',
  ecr: 'json',
  ecs: 'json',
  elasticloadbalancing: 'query',
  monitoring: 'json',
  route53: 'rest-xml',
};

export const services = Object.keys(protocols) as readonly Service[];

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One call of the SDK, understood. */
export interface Call {
  readonly service: Service;
  readonly operation: string;
  /** JSON protocols: the body. Query protocols: the form's fields. REST: nothing. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly request: WireRequest;
}

function serviceOf(headers: WireRequest['headers']): Service {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(
    headers['authorization'] ?? '',
  )?.[1];
  const service = services.find((name) => name === scope);
  if (service === undefined) throw new Error(`a request is signed for ${scope ?? 'nothing'}`);
  return service;
}

/** Route 53 has no header that names the operation. */
function restOperation({ method, path }: WireRequest): string {
  const [route = ''] = path.split('?');
  if (/\/hostedzone\/[^/]+\/rrset\/?$/.test(route))
    return method === 'GET' ? 'ListResourceRecordSets' : 'ChangeResourceRecordSets';
  if (/\/hostedzone\/?$/.test(route)) return method === 'POST' ? 'CreateHostedZone' : 'ListHostedZones';
  return `${method} ${route}`;
}

export function understand(request: WireRequest): Call {
  const service = serviceOf(request.headers);
  const { headers } = request;
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
  const target = headers['x-amz-target'];
  if (target !== undefined) {
    const operation = target.slice(target.lastIndexOf('.') + 1);
    return { service, operation, input: JSON.parse(plain.toString() || '{}') as Call['input'], request };
  }
  if (protocols[service] === 'rest-xml')
    return { service, operation: restOperation(request), input: {}, request };
  const form = Object.fromEntries(new URLSearchParams(plain.toString()));
  return { service, operation: form['Action'] ?? 'unknown', input: form, request };
}

/** An answer of AWS that says no. Thrown by gaps, made by faults. */
export class AwsRefusal extends Error {
  override readonly name = 'AwsRefusal';
  readonly status: number;
  readonly code: string;
  /** Further members of the error's shape (JSON protocols). */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.members = members;
  }
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The refusal in the protocol of its service. */
export function refusal(service: Service, { status, code, message, members }: AwsRefusal): Answer {
  const requestId = '00000000-0000-4000-8000-000000000000';
  if (protocols[service] === 'json')
    return {
      status,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
      body: Buffer.from(JSON.stringify({ __type: code, message, ...members })),
    };
  const error = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>`;
  const xml =
    protocols[service] === 'ec2'
      ? `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`),
  };
}

export const bodyOf = (answer: Answer): Record<string, unknown> =>
  JSON.parse(answer.body.toString()) as Record<string, unknown>;

export const withBody = (answer: Answer, body: unknown): Answer => ({
  ...answer,
  body: Buffer.from(JSON.stringify(body)),
});

export const jsonAnswer = (body: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: Buffer.from(JSON.stringify(body)),
});

/** The same call with another body (JSON protocols only), and another operation if named. */
export function rewritten(
  call: Call,
  input: Readonly<Record<string, unknown>>,
  operation = call.operation,
): Call {
  const target = call.request.headers['x-amz-target'] ?? '';
  return {
    ...call,
    operation,
    input,
    request: {
      ...call.request,
      headers: {
        ...call.request.headers,
        'x-amz-target': `${target.slice(0, target.lastIndexOf('.') + 1)}${operation}`,
      },
      body: Buffer.from(JSON.stringify(input)),
    },
  };
}
