/** Where the services listen: HTTP_PORT of their programs, and what their security group lets in. */
export const servicePorts = { api: 8080, chat: 8090 } as const;
export const redisPort = 6379;
