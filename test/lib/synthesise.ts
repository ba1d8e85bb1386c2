/** The CDK app as `cdk synth` runs it, with its findings: no credentials, no network, no bundling of programs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { buildStacks } from '../../lib/app.ts';
import { readConfig, type Settings, type TidecastConfig } from '../../lib/config.ts';
import { TidecastStack } from '../../lib/stack.ts';

export interface Finding {
  readonly plugin: string;
  readonly rule: string;
  readonly description: string;
  readonly severity: string;
  readonly constructs: readonly string[];
}

export interface Synthesised {
  /** By the part in the stack's name. */
  readonly stacks: ReadonlyMap<string, { readonly stack: TidecastStack; readonly template: Template }>;
  /** Of the offline validator and of cdk-nag, warnings too, without what is acknowledged with a reason. */
  readonly findings: readonly Finding[];
}

const root = join(import.meta.dirname, '..', '..');
const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

export const domain = { name: 'live.example.com', zoneId: 'Z0123456789ABC', zoneName: 'example.com' };

export const configs: readonly TidecastConfig[] = (['small', 'standard', 'event'] as const).flatMap(
  (profile) => [
    { region: 'ap-northeast-1', profile },
    { region: 'ap-northeast-1', profile, domain },
  ],
);

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly description: string;
      readonly severity?: string;
      readonly violatingConstructs: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

/**
 * @param build the stacks; those of a deployment by default
 * @param isChecked false: no findings, and 3 s less. For who looks into templates; app.test.ts checks them all
 */
export function synthesise(
  config: TidecastConfig,
  build: (app: App, settings: Settings) => void = buildStacks,
  { isChecked = true }: { readonly isChecked?: boolean } = {},
): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'tidecast-synth-'));
  try {
    const app = new App({
      outdir,
      builtinCloudFormationValidation: isChecked,
      context: { ...context, 'aws:cdk:bundling-stacks': [], bundles: join(import.meta.dirname, 'bundles') },
    });
    build(app, readConfig(config));
    if (isChecked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    // Findings make it fail; all of them stand in the report.
    const said = process.exitCode;
    try {
      app.synth();
    } catch (error) {
      if (!String(error).includes('alidation')) throw error;
    }
    process.exitCode = said;
    const report = isChecked
      ? (JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report)
      : { pluginReports: [] };
    const stacks = app.node.children.filter((child) => child instanceof TidecastStack);
    const templateOf = ({ templateFile }: TidecastStack): Record<string, unknown> =>
      JSON.parse(readFileSync(join(outdir, templateFile), 'utf8')) as Record<string, unknown>;
    return {
      stacks: new Map(
        stacks.map((stack) => [
          stack.stackName.slice(stack.settings.name.length + 1),
          // Asked for by Template.fromStack they would be synthesised, and checked, once more each.
          { stack, template: Template.fromJSON(templateOf(stack)) },
        ]),
      ),
      findings: report.pluginReports.flatMap(({ pluginName, violations }) =>
        violations.map(({ ruleName, description, severity = '', violatingConstructs }) => ({
          plugin: pluginName,
          rule: ruleName,
          description,
          severity,
          constructs: violatingConstructs.map(({ constructPath = '' }) => constructPath),
        })),
      ),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
