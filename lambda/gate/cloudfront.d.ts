/** The modules of CloudFront Functions (runtime 2.0), as far as the gate uses them. */
declare module 'cloudfront' {
  const cloudfront: {
    /** The KeyValueStore that is associated with the function. */
    kvs(): { get(key: string): Promise<string> };
  };
  export default cloudfront;
}
