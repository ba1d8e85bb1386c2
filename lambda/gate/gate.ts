/**
 * The edge's function on pages, before and after the origin: lets in or shows the waiting page, names the file of a
 * path, marks what is no page as 404, and gives whoever came in their pass. The local edge runs it too.
 */
import {
  gateKeys,
  minSecretLength,
  passLeftS,
  passLifeS,
  passName,
  placeOf,
  readGate,
  signPass,
  type Sign,
} from '../../core/gate/gate.ts';
import { waitingHeaders, waitingPage, waitS } from '../../core/gate/waiting-page.ts';
import { isPageFile, notFoundFile, pageFile } from '../../core/page-files.ts';
import type { EdgeEvent, EdgeRequest, EdgeResponse, EdgeValue, GateTools } from './event.ts';

/** Studio and operations stay open: those who make the show and look after it are no crowd. */
const isGated = (file: string): boolean => file === 'index.html' || file === 'watch.html';

export async function answer(event: EdgeEvent, tools: GateTools): Promise<EdgeRequest | EdgeResponse> {
  return event.context.eventType === 'viewer-response' && event.response !== undefined
    ? afterwards(event, event.response, tools)
    : before(event, tools);
}

async function before(event: EdgeEvent, tools: GateTools): Promise<EdgeRequest | EdgeResponse> {
  const request = event.request;
  const file = pageFile(request.uri) ?? notFoundFile;
  if (isGated(file) && !(await isLetIn(event, tools))) return wait(tools);
  request.uri = `/${file}`;
  return request;
}

/**
 * Fails open, also when value or secret are missing: most days nobody is to be kept out, and what stands behind has
 * limits of its own.
 */
async function isLetIn(event: EdgeEvent, tools: GateTools): Promise<boolean> {
  const share = readGate(await readOr(gateKeys.value, 'open', tools)) ?? 1;
  if (share >= 1) return true;
  const sign = await signer(tools);
  if (sign === undefined) return true;
  const pass = event.request.cookies[passName];
  if (passLeftS(pass && pass.value, nowS(tools), sign) > 0) return true;
  const agent = event.request.headers['user-agent'];
  const userAgent = agent === undefined ? '' : agent.value;
  return share > 0 && placeOf({ ip: event.viewer.ip, userAgent: userAgent }, sign) < share;
}

/** 503: nothing keeps it, search engines come back later, and no pass is given with it. */
function wait(tools: GateTools): EdgeResponse {
  const seconds = waitS(tools.random());
  const headers: Record<string, EdgeValue> = { 'retry-after': { value: String(seconds) } };
  Object.keys(waitingHeaders).forEach((name) => {
    headers[name] = { value: waitingHeaders[name] ?? '' };
  });
  return {
    statusCode: 503,
    statusDescription: 'Service Unavailable',
    headers: headers,
    body: waitingPage(seconds),
  };
}

async function afterwards(event: EdgeEvent, response: EdgeResponse, tools: GateTools): Promise<EdgeResponse> {
  const file = fileOf(event.request.uri);
  if (file === notFoundFile) {
    if (response.statusCode === 200) {
      response.statusCode = 404;
      response.statusDescription = 'Not Found';
    }
    return response;
  }
  if (!isGated(file) || (response.statusCode !== 200 && response.statusCode !== 304)) return response;
  const sign = await signer(tools);
  if (sign === undefined) return response;
  const pass = event.request.cookies[passName];
  const now = nowS(tools);
  if (passLeftS(pass && pass.value, now, sign) > passLifeS / 2) return response;
  const cookies = response.cookies ?? {};
  cookies[passName] = {
    value: signPass(now, sign),
    attributes: `Path=/; Max-Age=${passLifeS}; Secure; HttpOnly; SameSite=Lax`,
  };
  response.cookies = cookies;
  return response;
}

/** The file that was asked for: the path of the viewer, or what `before` made of it. */
function fileOf(uri: string): string {
  const name = uri.slice(1);
  return isPageFile(name) ? name : (pageFile(uri) ?? notFoundFile);
}

async function signer(tools: GateTools): Promise<Sign | undefined> {
  const secret = await readOr(gateKeys.secret, '', tools);
  if (secret.length < minSecretLength) return undefined;
  return (text) => tools.hmac(secret, text);
}

async function readOr(key: string, otherwise: string, tools: GateTools): Promise<string> {
  try {
    return await tools.read(key);
  } catch {
    return otherwise;
  }
}

const nowS = (tools: GateTools): number => Math.floor(tools.nowMs() / 1000);
