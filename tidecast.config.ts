import { defineConfig } from './lib/config.ts';

/** What is deployed. docs: README, chapter Deploy; every setting with its rule in lib/config.ts. */
export default defineConfig({
  region: 'ap-northeast-1',
  profile: 'small',
  // Without a domain viewers use CloudFront's own name, and encoders the hosts' addresses.
  // domain: { name: 'live.example.com', zoneId: 'Z0123456789ABC', zoneName: 'example.com' },
});
