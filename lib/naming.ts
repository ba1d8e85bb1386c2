/** Names that something needs to know before, or without, the stack that has them. */

/** The secret with the private key for signed cookies (PEM): `npm run deploy` writes it. */
export const cookieSecretName = (name: string): string => `${name}/cookie-key`;

/** The parameter with its public half (PEM): `npm run deploy` writes it. */
export const cookiePublicKeyParameter = (name: string): string => `/${name}/cookie-key/public`;

/** The secret with the password of every shard's Redis: DataStack makes it, chat stacks resolve it by name. */
export const redisSecretName = (name: string): string => `${name}/redis-password`;

/** The repository that ingest images are pushed to, by people and by their pipelines. */
export const ingestRepositoryName = (name: string): string => `${name}/ingest`;

/** Family of the ingest task; those of single images have it before them (lambda/scheduler/aws/images.ts). */
export const ingestFamily = (name: string): string => `${name}-ingest`;

/** A slot's target group is `<this>-<slot>`. Longer than the stacks' name: CloudFormation begins other groups' with that. */
export const liveTargetGroupPrefix = (name: string): string => `${name}-live`;

/** The store with the gate's value: `tidecast gate` writes it. */
export const gateStoreName = (name: string): string => `${name}-gate`;

/** First label of the host where Cognito signs people in and gives tokens: one of a region for all accounts. */
export const signInPrefix = (name: string, account: string): string => `${name}-${account}`;
