export interface Program {
  readonly names: readonly string[];
  readonly debianPackage: string;
  readonly variable: string;
  readonly why: string;
}
export const programs: Readonly<Record<string, Program>>;
export function findProgram(program: Program): string | undefined;
export function ensurePrograms(names: readonly string[]): void;
export function ensurePackages(debianPackages: readonly string[], described?: readonly string[]): void;
