// In the place of what tools/bundle makes: a template says the same whatever the program is.
export const handler = () => undefined;
