import { Stack, Tags, type App } from 'aws-cdk-lib';
import type { Settings } from './config.ts';

export interface StackOptions {
  /** Last part of the stack's name: `<settings.name>-<part>`. */
  readonly part: string;
  readonly settings: Settings;
  /** One sentence, for whoever sees the stack in the console. */
  readonly description: string;
  /** Where the certificate and the firewall of CloudFront have to be; the settings' region otherwise. */
  readonly region?: string;
}

/** A stack of Tidecast: its name, its place, its tags. */
export class TidecastStack extends Stack {
  readonly settings: Settings;

  constructor(app: App, options: StackOptions) {
    const { part, settings, description, region = settings.region } = options;
    super(app, `${settings.name}-${part}`, {
      description: `Tidecast: ${description}`,
      env: { region, ...(settings.account === undefined ? {} : { account: settings.account }) },
      // Stateful or not: nobody deletes a stack by a slip of the mouse (`npm run destroy` lifts it).
      terminationProtection: true,
      crossRegionReferences: false,
    });
    this.settings = settings;
    Tags.of(this).add('tidecast', settings.name);
  }

  /** Said by the settings: looking them up would take credentials, and an answer that changes (notes aws A.4). */
  override get availabilityZones(): string[] {
    return [...this.settings.zones];
  }
}
