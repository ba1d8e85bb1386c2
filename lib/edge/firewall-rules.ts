/** What the firewall in front of pages, API and chat lets through. */

export interface ManagedGroup {
  readonly name: string;
  /** Rules that only count: they would refuse what people may do here. */
  readonly counted: readonly string[];
}

/**
 * AWS's own groups. Bodies are never a reason to refuse: people may say anything in the chat ("<script>", "../etc"),
 * and the API checks every byte of a body itself. The query of /signed-in holds the issuer's address.
 */
export const managedGroups: readonly ManagedGroup[] = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [] },
  {
    name: 'AWSManagedRulesKnownBadInputsRuleSet',
    counted: ['JavaDeserializationRCE_BODY', 'Log4JRCE_BODY', 'ReactJSRCE_BODY'],
  },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    counted: [
      'SizeRestrictions_BODY',
      'CrossSiteScripting_BODY',
      'GenericLFI_BODY',
      'GenericRFI_BODY',
      'EC2MetaDataSSRF_BODY',
      'GenericRFI_QUERYARGUMENTS',
      'EC2MetaDataSSRF_QUERYARGUMENTS',
      // An authorization code may be longer than the 2 KiB of this rule.
      'SizeRestrictions_QUERYSTRING',
      // Three signed cookies for each broadcast that is open: beyond the 10 KiB of this rule with four of them.
      'SizeRestrictions_Cookie_HEADER',
      // Televisions, and programs of broadcasters.
      'NoUserAgent_HEADER',
    ],
  },
];

export interface Rate {
  readonly name: string;
  /** Of one address, over a minute: AWS WAF counts no shorter time. */
  readonly perMinute: number;
  readonly writesOnly: boolean;
}

/**
 * Mobile carriers put hundreds of viewers behind one address: a page asks the API some 6 times in its first minute
 * and 2 times in each other one, so this is 1,000 who come at once, and 1,000 who each post three times a minute.
 * People are limited by who they are, at the API; this keeps one machine from being a crowd.
 */
export const apiRates: readonly Rate[] = [
  { name: 'api-writes', perMinute: 3_000, writesOnly: true },
  { name: 'api', perMinute: 6_000, writesOnly: false },
];
