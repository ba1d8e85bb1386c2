import type { FastifyRequest } from 'fastify';
import { operatorGroup } from '../../core/api/ops.ts';
import type { Identity, TokenVerifier } from '../../runtime/identity/tokens.ts';
import { HttpProblem, signInNeeded } from './problems.ts';

/** Who asks. Checked only where the answer depends on it: public pages work while the issuer does not. */
export interface Askers {
  /** Undefined without a token; a bad one is an error, so that its owner learns of it. */
  identify(request: FastifyRequest): Promise<Identity | undefined>;
  require(request: FastifyRequest): Promise<Identity>;
  /** Somebody who runs the platform. */
  requireOperator(request: FastifyRequest): Promise<Identity>;
}

export function createAskers(verifier: TokenVerifier): Askers {
  const identify = async (request: FastifyRequest): Promise<Identity | undefined> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return undefined;
    const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
    if (token === undefined)
      throw new HttpProblem(401, 'The Authorization header must read “Bearer” and a token.', {
        headers: { 'www-authenticate': 'Bearer realm="tidecast", error="invalid_request"' },
      });
    return verifier.verify(token);
  };
  const require = async (request: FastifyRequest): Promise<Identity> => {
    const identity = await identify(request);
    if (identity === undefined) throw signInNeeded();
    return identity;
  };
  return {
    identify,
    require,
    requireOperator: async (request) => {
      const identity = await require(request);
      if (identity.groups.includes(operatorGroup)) return identity;
      throw new HttpProblem(
        403,
        `This is for operators: have your account put into the group “${operatorGroup}”, then sign in again.`,
      );
    },
  };
}
