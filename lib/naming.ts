/** Names that something needs to know before, or without, the stack that has them. */

/** The secret with the private key for signed cookies (PEM): `npm run deploy` writes it. */
export const cookieSecretName = (name: string): string => `${name}/cookie-key`;

/** The parameter with its public half (PEM): `npm run deploy` writes it. */
export const cookiePublicKeyParameter = (name: string): string => `/${name}/cookie-key/public`;

/** The secret with the password of every shard's Redis: DataStack makes it, chat stacks resolve it by name. */
export const redisSecretName = (name: string): string => `${name}/redis-password`;
