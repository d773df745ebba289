/*
 * How it works: rows in the order of their names in lower case, so that a name is found by halving.
 */
#include "signer/tables/option_table.h"

#include "common/compiler.h"
#include "common/spelling.h"
#include "signer/tables/signer_config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#define MEMBER(name) offsetof(struct signer_config, name)

static const struct option_choice actions[] = {
	{"accept", SIGNER_ACTION_ACCEPT},	  {"discard", SIGNER_ACTION_DISCARD},
	{"quarantine", SIGNER_ACTION_QUARANTINE}, {"reject", SIGNER_ACTION_REJECT},
	{"tempfail", SIGNER_ACTION_TEMPFAIL},	  {NULL, 0},
};

static const struct option_choice algorithms[] = {
	{"auto", SIGNER_ALGORITHM_BY_KEY},
	{"rsa-sha256", SIGNER_ALGORITHM_RSA_SHA256},
	{"ed25519-sha256", SIGNER_ALGORITHM_ED25519_SHA256},
	{NULL, 0},
};

static const struct option_choice io_engines[] = {
	{"auto", SIGNER_IO_AUTO},
	{"io_uring", SIGNER_IO_URING},
	{"threads", SIGNER_IO_THREADS},
	{NULL, 0},
};

static const struct option_choice sign_engines[] = {
	{"auto", SIGNER_SIGN_AUTO},
	{"lanes", SIGNER_SIGN_LANES},
	{"openssl", SIGNER_SIGN_OPENSSL},
	{NULL, 0},
};

static const struct option_choice sync_modes[] = {
	{"full", SIGNER_SYNC_FULL},
	{"none", SIGNER_SYNC_NONE},
	{NULL, 0},
};

static const struct option_choice facilities[] = {
	{"auth", LOG_AUTH},	{"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
	{"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},	    {"kern", LOG_KERN},
	{"lpr", LOG_LPR},	{"mail", LOG_MAIL},	    {"news", LOG_NEWS},
	{"syslog", LOG_SYSLOG}, {"user", LOG_USER},	    {"uucp", LOG_UUCP},
	{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},	    {"local2", LOG_LOCAL2},
	{"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},	    {"local5", LOG_LOCAL5},
	{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},	    {NULL, 0},
};

/* What is said of more than one option. */
#define NO_DNS		     "nothing is looked up in the DNS"
#define NO_FLOW_LIMITS	     "the flow of mail is not limited"
#define NO_LDAP		     "there is no LDAP"
#define NO_LUA		     "Lua scripts are not run"
#define NO_POLICIES	     "policies are not fetched from the DNS"
#define NO_REPORTS	     "reports are not sent"
#define NO_REPUTATION	     "reputation is not looked up"
#define NO_REPUTATION_LIMITS "mail is not limited by reputation"
#define NO_RESIGNING	     "verified mail is not signed again"
#define NO_RESULTS                                                                                 \
	"Authentication-Results fields are not added, because incoming mail is not verified"
#define NO_STATISTICS "statistics are not kept"
#define NO_VERIFYING  "signatures of incoming mail are not verified"

/* A row of each sort, so that the table below has a line or two for each option. */
#define ROW(class_, type_, name_, member_, default_, min_, max_, choices_, is_short_, text_)       \
	{                                                                                          \
		.name = (name_), .class = (class_), .type = (type_), .member = (member_),          \
		.default_text = (default_), .min = (min_), .max = (max_), .choices = (choices_),   \
		.is_short = (is_short_), .description = text_,                                     \
	}
#define USED(type, name, member, default_text, text)                                               \
	ROW(OPTION_USED, OPTION_##type, name, MEMBER(member), default_text, 0, 0, NULL, false, text)
#define MILTER(type, name, member, default_text, text)                                             \
	ROW(OPTION_MILTER, OPTION_##type, name, MEMBER(member), default_text, 0, 0, NULL, false,   \
	    text)
#define NUMBER(type, name, member, default_text, min, max, text)                                   \
	ROW(OPTION_USED, OPTION_##type, name, MEMBER(member), default_text, min, max, NULL, false, \
	    text)
#define MILTER_NUMBER(type, name, member, default_text, min, max, text)                            \
	ROW(OPTION_MILTER, OPTION_##type, name, MEMBER(member), default_text, min, max, NULL,      \
	    false, text)
#define CHOICE(name, member, default_text, choices, text)                                          \
	ROW(OPTION_USED, OPTION_CHOICE, name, MEMBER(member), default_text, 0, 0, choices, false,  \
	    text)
#define ACTION(name, member, default_text, text)                                                   \
	ROW(OPTION_USED, OPTION_CHOICE, name, MEMBER(member), default_text, 0, 0, actions, true,   \
	    text)
#define IGNORED(type, name, default_text, text)                                                    \
	ROW(OPTION_IGNORED, OPTION_##type, name, OPTION_NO_MEMBER, default_text, 0, INT32_MAX,     \
	    NULL, false, text)
#define VERIFIER(type, name, default_text, text)                                                   \
	ROW(OPTION_VERIFIER, OPTION_##type, name, OPTION_NO_MEMBER, default_text, 0, 0, NULL,      \
	    false, text)
#define VERIFIER_ACTION(name, default_text, text)                                                  \
	ROW(OPTION_VERIFIER, OPTION_CHOICE, name, OPTION_NO_MEMBER, default_text, 0, 0, actions,   \
	    true, text)
#define REFUSED(type, name, default_text, text)                                                    \
	ROW(OPTION_REFUSED, OPTION_##type, name, OPTION_NO_MEMBER, default_text, 0, INT32_MAX,     \
	    NULL, false, text)

static const struct option options[] = {
	IGNORED(BOOL, "AllowSHA1Only", "no",
		"signatures of incoming mail are not verified, so there is no SHA-1 to allow"),
	IGNORED(BOOL, "AlwaysAddARHeader", "no", NO_RESULTS),
	IGNORED(DATASET, "ATPSDomains", NULL,
		"third-party authorization (RFC 6541) is not announced: no atps= tag is added"),
	IGNORED(STRING, "ATPSHashAlgorithm", NULL,
		"third-party authorization (RFC 6541) is not announced: no atpsh= tag is added"),
	MILTER(STRING, "AuthservID", authserv_id, NULL,
	       "the name that our Authentication-Results fields would have; those of others that "
	       "claim it are removed; HOSTNAME is the name of this host"),
	IGNORED(BOOL, "AuthservIDWithJobID", "no", NO_RESULTS),
	MILTER(BOOL, "AutoRestart", auto_restart, "no", "start the daemon again when it fails"),
	MILTER_NUMBER(INTEGER, "AutoRestartCount", auto_restart_count, "0", 0, INT32_MAX,
		      "give up after so many automatic restarts; 0 is no limit"),
	MILTER(RATE, "AutoRestartRate", auto_restart_rate, NULL,
	       "give up when restarts come faster than n/t, with t in seconds or with m, h or d "
	       "behind it"),
	USED(BOOL, "Background", background, "yes", "leave the terminal and run in the background"),
	USED(STRING, "BaseDirectory", base_directory, NULL,
	     "the directory that relative paths start from, in place of the working directory"),
	MILTER(DATASET, "BodyLengthDB", body_length_set, NULL,
	       "recipients whose mail is signed with l=, which lets anyone append to the signed "
	       "text"),
	IGNORED(STRING, "BogusKey", "fail",
		"keys are not fetched from the DNS, so none of them is bogus"),
	IGNORED(STRING, "BogusPolicy", NULL, NO_POLICIES),
	USED(CANONICALIZATION, "Canonicalization", header_canon, "simple/simple",
	     "how far header and body may change on the way: simple or relaxed, as HEADER/BODY or "
	     "HEADER alone"),
	IGNORED(BOOL, "CaptureUnknownErrors", "no",
		"messages that meet an internal error are not put into quarantine"),
	USED(STRING, "ChangeRootDirectory", change_root_directory, NULL,
	     "the directory that becomes the root of the process"),
	USED(BOOL, "CheckSigningTable", check_signing_table, "no",
	     "do not start (status 78) while a row of the tables is broken; otherwise only the "
	     "mail that needs the row waits"),
	IGNORED(INTEGER, "ClockDrift", "300",
		"times of signatures are not checked, because incoming mail is not verified"),
	REFUSED(DATASET, "ConditionalSignatures", NULL, "conditional signatures are not made"),
	REFUSED(STRING, "DefaultSender", NULL,
		"mail without a sender would be signed in this one's name, and is not"),
	IGNORED(PATH, "DiagnosticDirectory", NULL,
		"reports on broken signatures are not written, because incoming mail is not "
		"verified"),
	USED(BOOL, "Diagnostics", diagnostics, "no",
	     "add the original header fields to each signature (z=), to find what changed them on "
	     "the way"),
	IGNORED(BOOL, "DisableCryptoInit", "no", "the crypto library always sets itself up"),
	IGNORED(BOOL, "DNSConnect", "no", NO_DNS),
	IGNORED(INTEGER, "DNSTimeout", "5", NO_DNS),
	USED(DATASET, "Domain", domain_set, NULL,
	     "the sender domains whose mail is signed with KeyFile and Selector; * is all"),
	IGNORED(BOOL, "DomainKeysCompat", "no",
		"DomainKeys (RFC 4870) keys are not read, because incoming mail is not verified"),
	MILTER(DATASET, "DontSignMailTo", dont_sign_mail_to_set, NULL,
	       "recipients whose mail is not signed, for all recipients of the message"),
	IGNORED(BOOL, "EnableCoredumps", "no",
		"the process never leaves a core file, because private keys would be in it"),
	USED(DATASET, "ExemptDomains", exempt_domains_set, NULL,
	     "sender domains whose mail is left alone"),
	MILTER(DATASET, "ExternalIgnoreList", external_ignore_set, NULL,
	       "clients that may send in a signed domain's name from outside without a line in the "
	       "log"),
	REFUSED(STRING, "FinalPolicyScript", NULL, NO_LUA),
	USED(BOOL, "FixCRLF", fix_crlf, "no",
	     "sign a bare CR or LF in the body as the CRLF that a relay will make of it"),
	REFUSED(DATASET, "FlowData", NULL, NO_FLOW_LIMITS),
	REFUSED(INTEGER, "FlowDataFactor", "1", NO_FLOW_LIMITS),
	REFUSED(INTEGER, "FlowDataTTL", "86400", NO_FLOW_LIMITS),
	IGNORED(STRING, "IdentityHeader", NULL,
		"the identity (i=) comes from the SigningTable only, not from a header field"),
	IGNORED(BOOL, "IdentityHeaderRemove", "no",
		"the field that IdentityHeader names stays in the message"),
	IGNORED(BOOL, "IgnoreMalformedMail", "no", "malformed messages are never let pass"),
	{.name = "Include",
	 .class = OPTION_USED,
	 .type = OPTION_INCLUDE,
	 .member = OPTION_NO_MEMBER,
	 .description = "read another file here; five levels deep at most"},
	MILTER(DATASET, "InternalHosts", internal_hosts_set, "csl:127.0.0.1,::1",
	       "clients whose mail is signed"),
	CHOICE("IoEngine", io_engine, "auto", io_engines, "how files and connections are driven"),
	NUMBER(INTEGER, "IoThreads", io_threads, "0", 0, 1024,
	       "threads that read, hash and write; 0 is by the CPUs"),
	IGNORED(BOOL, "KeepAuthResults", "no", "Authentication-Results fields are never removed"),
	IGNORED(BOOL, "KeepTemporaryFiles", "no",
		"there are no files with the canonical form to keep"),
	NUMBER(INTEGER, "KeyCacheSize", key_cache_size, "10000", 1, INT32_MAX,
	       "private keys that stay in memory"),
	USED(PATH, "KeyFile", key_file, NULL, "the private key for all mail of Domain"),
	REFUSED(STRING, "KeyFileEd25519", NULL,
		"this is an option of another signer; list the Ed25519 key in a KeyTable"),
	USED(DATASET, "KeyTable", key_table_set, NULL,
	     "private keys by name: DOMAIN:SELECTOR:KEY or DOMAIN:SELECTOR:KEY:ALGORITHM"),
	REFUSED(STRING, "KeyTableEd25519", NULL,
		"this is an option of another signer; list the Ed25519 keys in the KeyTable"),
	NUMBER(INTEGER, "LaneCacheSize", lane_cache_size, "1000", 1, 1000000,
	       "RSA keys that stay in the form of lanes, in locked memory"),
	IGNORED(STRING, "LDAPAuthMechanism", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPAuthName", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPAuthRealm", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPAuthUser", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPBindPassword", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPBindUser", NULL, NO_LDAP),
	IGNORED(BOOL, "LDAPDisableCache", "no", NO_LDAP),
	IGNORED(STRING, "LDAPKeepaliveIdle", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPKeepaliveInterval", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPKeepaliveProbes", NULL, NO_LDAP),
	IGNORED(STRING, "LDAPTimeout", "5", NO_LDAP),
	IGNORED(BOOL, "LDAPUseTLS", "no", NO_LDAP),
	MILTER(BOOL, "LogResults", log_results, "no",
	       "log what came of each signature that was looked at"),
	USED(BOOL, "LogWhy", log_why, "no", "log why a message is signed or not"),
	REFUSED(BOOL, "LuaOnlySigning", "no", NO_LUA),
	MILTER(DATASET, "MacroList", macro_set, NULL,
	       "milter macros that make a client trusted: NAME, or NAME=VALUE1|VALUE2"),
	NUMBER(INTEGER, "MaximumHeaders", maximum_headers_bytes, "65536", 0, INT32_MAX,
	       "bytes of header above which On-Security applies; 0 is no limit"),
	IGNORED(INTEGER, "MaximumSignaturesToVerify", "3", NO_VERIFYING),
	NUMBER(INTEGER, "MaximumSignedBytes", maximum_signed_bytes, NULL, 0, INT64_MAX,
	       "sign only so many bytes of the body (l=), which lets anyone append to the signed "
	       "text"),
	MILTER_NUMBER(INTEGER, "MilterDebug", milter_debug, "0", 0, INT32_MAX,
		      "how much of the milter conversation is logged"),
	IGNORED(STRING, "Minimum", NULL, "l= of incoming mail is not checked"),
	NUMBER(INTEGER, "MinimumKeyBits", minimum_key_bits, "1024", 0, 65536,
	       "refuse smaller RSA keys"),
	USED(MODE, "Mode", mode_sign, "sv", "s to sign, v to verify, or both"),
	MILTER(DATASET, "MTA", mta_set, NULL, "names of MTA daemons that make a client trusted"),
	IGNORED(STRING, "MTACommand", "/usr/sbin/sendmail", NO_REPORTS),
	USED(BOOL, "MultipleSignatures", multiple_signatures, "no",
	     "sign by every SigningTable row that matches, not only by the first"),
	IGNORED(DATASET, "MustBeSigned", NULL, NO_VERIFYING),
	IGNORED(STRING, "Nameservers", NULL, NO_DNS),
	IGNORED(BOOL, "NoHeaderB", "no", NO_RESULTS),
	USED(NAMES, "OmitHeaders", omit_headers, "return-path,received,comments,keywords",
	     "header fields that are never signed; *,+x,-y changes the default list"),
	VERIFIER_ACTION("On-BadSignature", "accept", NO_VERIFYING),
	ACTION("On-Default", on_default, NULL,
	       "what becomes of a message where no other On- option says so"),
	VERIFIER_ACTION("On-DNSError", "tempfail", NO_DNS),
	ACTION("On-InternalError", on_internal_error, NULL,
	       "what becomes of a message when something here fails; unset: it waits (tempfail)"),
	VERIFIER_ACTION("On-KeyNotFound", "accept", NO_VERIFYING),
	VERIFIER_ACTION("On-NoSignature", "accept", NO_VERIFYING),
	IGNORED(STRING, "On-PolicyError", NULL, NO_POLICIES),
	IGNORED(STRING, "On-ReputationError", NULL, NO_REPUTATION),
	ACTION("On-Security", on_security, NULL,
	       "what becomes of a message that looks like an attack; unset: tempfail, and a spool "
	       "puts it into failed/"),
	ACTION("On-SignatureError", on_signature_error, NULL,
	       "what becomes of a message for which no signature can be made; unset: reject, and "
	       "in a spool it waits"),
	USED(NAMES, "OversignHeaders", oversign_headers, NULL,
	     "header fields that are listed once more than they occur, so that none can be added"),
	MILTER(DATASET, "PeerList", peer_list_set, NULL,
	       "clients whose connections are accepted without a look at their mail"),
	USED(PATH, "PidFile", pid_file, NULL, "the file that the process ID is written to"),
	REFUSED(DATASET, "POPDBFile", NULL, "clients are not trusted by POP before SMTP"),
	VERIFIER(BOOL, "Quarantine", "no",
		 "signatures of incoming mail are not verified, so no message is put into "
		 "quarantine"),
	IGNORED(BOOL, "QueryCache", "no", NO_DNS),
	REFUSED(DATASET, "RateLimits", NULL, NO_FLOW_LIMITS),
	VERIFIER(STRING, "RedirectFailuresTo", NULL,
		 "signatures of incoming mail are not verified, so no message is redirected"),
	IGNORED(BOOL, "RemoveARAll", "no", "Authentication-Results fields are never removed"),
	IGNORED(DATASET, "RemoveARFrom", NULL, "Authentication-Results fields are never removed"),
	USED(BOOL, "RemoveOldSignatures", remove_old_signatures, "no",
	     "remove the DKIM-Signature fields that a message has when it is signed"),
	REFUSED(DATASET, "ReplaceHeaders", NULL,
		"header fields are signed as they are, not as a relay may rewrite them"),
	REFUSED(STRING, "ReplaceRules", NULL,
		"header fields are signed as they are, not as a relay may rewrite them"),
	IGNORED(STRING, "ReportAddress", NULL, NO_REPORTS),
	IGNORED(STRING, "ReportBccAddress", NULL, NO_REPORTS),
	IGNORED(STRING, "ReputationCache", NULL, NO_REPUTATION),
	IGNORED(STRING, "ReputationCacheTTL", NULL, NO_REPUTATION),
	IGNORED(STRING, "ReputationDuplicates", NULL, NO_REPUTATION),
	REFUSED(DATASET, "ReputationLimitModifiers", NULL, NO_REPUTATION_LIMITS),
	REFUSED(DATASET, "ReputationLimits", NULL, NO_REPUTATION_LIMITS),
	IGNORED(STRING, "ReputationLowTime", NULL, NO_REPUTATION),
	IGNORED(STRING, "ReputationMinimum", NULL, NO_REPUTATION),
	REFUSED(DATASET, "ReputationRatios", NULL, NO_REPUTATION_LIMITS),
	IGNORED(STRING, "ReputationRoot", NULL, NO_REPUTATION),
	IGNORED(STRING, "ReputationSpamCheck", NULL, NO_REPUTATION),
	IGNORED(BOOL, "ReputationTest", "no", NO_REPUTATION),
	IGNORED(STRING, "ReputationTimeFactor", NULL, NO_REPUTATION),
	IGNORED(STRING, "ReputationTimeout", NULL, NO_REPUTATION),
	USED(BOOL, "RequestReports", request_reports, "no",
	     "ask in each signature for reports of its failure (r=y, RFC 6651)"),
	USED(BOOL, "RequiredHeaders", required_headers, "no",
	     "refuse messages with fewer or more of a header field than RFC 5322 allows"),
	USED(BOOL, "RequireSafeKeys", require_safe_keys, "yes",
	     "refuse key files that others can read or write; otherwise warn"),
	REFUSED(BOOL, "ResignAll", "no", NO_RESIGNING),
	REFUSED(DATASET, "ResignMailTo", NULL, NO_RESIGNING),
	IGNORED(STRING, "ResolverConfiguration", NULL, NO_DNS),
	IGNORED(BOOL, "ResolverTracing", "no", NO_DNS),
	REFUSED(STRING, "ScreenPolicyScript", NULL, NO_LUA),
	USED(STRING, "SelectCanonicalizationHeader", select_canonicalization_header, NULL,
	     "the header field by which a message may choose its own Canonicalization"),
	USED(STRING, "Selector", selector, NULL, "the selector of KeyFile"),
	REFUSED(STRING, "SelectorEd25519", NULL,
		"this is an option of another signer; list the Ed25519 key in a KeyTable"),
	USED(NAMES, "SenderHeaders", sender_headers, "From",
	     "header fields that are searched for the sender, in this order"),
	MILTER(STRING, "SenderMacro", sender_macro, NULL, "the milter macro that names the sender"),
	IGNORED(BOOL, "SendReports", "no", NO_REPORTS),
	REFUSED(STRING, "SetupPolicyScript", NULL, NO_LUA),
	CHOICE("SignatureAlgorithm", signature_algorithm, "auto", algorithms,
	       "the algorithm of every signature whose KeyTable row names none; auto is what the "
	       "key is for"),
	NUMBER(INTEGER, "SignatureTTL", signature_ttl_seconds, "0", 0, INT32_MAX,
	       "seconds after which a signature is no longer good (x=); 0 is never"),
	CHOICE("SignEngine", sign_engine, "auto", sign_engines, "what computes signatures"),
	USED(NAMES, "SignHeaders", sign_headers,
	     "from,reply-to,subject,date,to,cc,resent-date,resent-from,resent-sender,resent-to,"
	     "resent-cc,in-reply-to,references,list-id,list-help,list-unsubscribe,list-subscribe,"
	     "list-post,list-owner,list-archive",
	     "header fields that are signed; *,+x,-y changes the default list"),
	USED(DATASET, "SigningTable", signing_table_set, NULL,
	     "sender addresses and the KeyTable names of their keys: KEYNAME or KEYNAME:IDENTITY"),
	REFUSED(STRING, "SigningTableEd25519", NULL,
		"this is an option of another signer; list the Ed25519 keys in the KeyTable and "
		"set MultipleSignatures"),
	NUMBER(INTEGER, "SignThreads", sign_threads, "0", 0, 1024,
	       "threads that compute signatures; 0 is by the CPUs"),
	IGNORED(BOOL, "SingleAuthResult", "no", NO_RESULTS),
	IGNORED(STRING, "SMTPURI", NULL, NO_REPORTS),
	MILTER(STRING, "Socket", socket, NULL,
	       "where the milter listens: inet:PORT@HOST, inet6:PORT@HOST, or local:PATH"),
	IGNORED(BOOL, "SoftStart", "no", "there is no database that could be away at the start"),
	MILTER(BOOL, "SoftwareHeader", software_header, "no",
	       "add a DKIM-Filter field that names this program"),
	NUMBER(INTEGER, "SpoolBatch", spool_batch_units, "256", 1, 4096,
	       "units of the spool that are made durable together"),
	USED(PATH, "SpoolDirectory", spool_directory, NULL,
	     "the spool, with in, tmp, out and failed in it"),
	NUMBER(INTEGER, "SpoolMaxOut", spool_max_out_units, "0", 0, INT64_MAX,
	       "units that may wait in out before no more is signed; 0 is no limit"),
	NUMBER(SIZE, "SpoolMaxUnit", spool_max_unit_bytes, "0", 0, INT64_MAX,
	       "bytes of the largest unit that is taken; 0 is no limit"),
	NUMBER(SIZE, "SpoolMinFree", spool_min_free_bytes, "100M", 0, INT64_MAX,
	       "bytes that stay free on the file system of the spool"),
	NUMBER(FILE_MODE, "SpoolMode", spool_mode, NULL, 0, 0777,
	       "the mode of files in out; without it, that of the input"),
	USED(STRING, "SpoolOwner", spool_owner, NULL,
	     "the owner of files in out, as USER or USER:GROUP; without it, that of the input"),
	IGNORED(STRING, "Statistics", NULL, NO_STATISTICS),
	IGNORED(STRING, "StatisticsName", NULL, NO_STATISTICS),
	IGNORED(STRING, "StatisticsPolicyScript", NULL, NO_STATISTICS),
	IGNORED(STRING, "StatisticsPrefix", NULL, NO_STATISTICS),
	USED(BOOL, "StrictHeaders", strict_headers, "no",
	     "do not sign messages with fewer or more of a header field than RFC 5322 allows"),
	IGNORED(BOOL, "StrictTestMode", "no", "there is no test mode"),
	USED(BOOL, "SubDomains", sub_domains, "no", "sign for the subdomains of Domain, too"),
	CHOICE("SyncMode", sync_mode, "full", sync_modes,
	       "full: a message is on the disk before it leaves; none: for a spool in memory"),
	USED(BOOL, "Syslog", syslog, "no", "log to syslog"),
	CHOICE("SyslogFacility", syslog_facility, "mail", facilities, "the syslog facility"),
	USED(STRING, "SyslogName", syslog_name, NULL,
	     "the name in front of each line in syslog; without it, the name of the program"),
	USED(BOOL, "SyslogSuccess", syslog_success, "no", "log each signature that is made"),
	IGNORED(PATH, "TemporaryDirectory", NULL,
		"there are no files with the canonical form to write"),
	IGNORED(DATASET, "TestDNSData", NULL, NO_DNS),
	USED(PATH, "TestPublicKeys", test_public_keys_file, NULL,
	     "a file of public keys that are used in place of the DNS"),
	IGNORED(PATH, "TrustAnchorFile", NULL,
		"nothing is looked up in the DNS, so DNSSEC has nothing to check"),
	IGNORED(DATASET, "TrustSignaturesFrom", NULL, NO_VERIFYING),
	NUMBER(UMASK, "UMask", umask_bits, NULL, 0, 0777,
	       "the file mode creation mask of the process"),
	IGNORED(STRING, "UnprotectedKey", "none", "keys are not fetched from the DNS"),
	IGNORED(STRING, "UnprotectedPolicy", NULL, NO_POLICIES),
	USED(STRING, "UserID", user_id, NULL, "the user to become, as USER or USER:GROUP"),
	IGNORED(STRING, "VBR-Certifiers", NULL, "VBR-Info fields (RFC 5518) are not added"),
	IGNORED(STRING, "VBR-PurgeFields", NULL, "X-VBR fields are not removed"),
	IGNORED(STRING, "VBR-TrustedCertifiers", NULL,
		"VBR-Info fields (RFC 5518) are not verified"),
	IGNORED(BOOL, "VBR-TrustedCertifiersOnly", "no",
		"VBR-Info fields (RFC 5518) are not verified"),
	IGNORED(STRING, "VBR-Type", NULL, "VBR-Info fields (RFC 5518) are not added"),
	IGNORED(BOOL, "WeakSyntaxChecks", "no",
		"a message with a syntax error that matters is not signed"),
	{.name = "X-Header",
	 .class = OPTION_MILTER,
	 .type = OPTION_BOOL,
	 .member = MEMBER(software_header),
	 .default_text = "no",
	 .same_as = "SoftwareHeader",
	 .description = "the old name of SoftwareHeader"},
};

size_t option_table_count(void)
{
	return ARRAY_COUNT(options);
}

const struct option *option_table_at(size_t index)
{
	assert(index < ARRAY_COUNT(options));
	return &options[index];
}

size_t option_table_index(const struct option *option)
{
	return (size_t)(option - options);
}

/* As strcasecmp() in the C locale, with a name that does not end in NUL. */
static int name_compare(struct bytes name, const char *known)
{
	for (size_t i = 0; i < name.size; i++) {
		int difference = ascii_lower(name.data[i]) - ascii_lower((uint8_t)known[i]);

		if (difference != 0)
			return difference;
	}
	return known[name.size] == '\0' ? 0 : -1;
}

const struct option *option_table_find(struct bytes name)
{
	size_t low = 0;
	size_t high = ARRAY_COUNT(options);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = name_compare(name, options[middle].name);

		if (order == 0)
			return &options[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct option *option_table_nearest(struct bytes name)
{
	const struct option *nearest = NULL;
	struct spelling spelling;

	spelling_init(&spelling, name);
	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		if (spelling_is_nearer(&spelling, bytes_of_string(options[i].name)))
			nearest = &options[i];
	}
	return nearest;
}

static void choices_write(const struct option_choice *choices, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (; choices->word != NULL && used < size; choices++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
					 choices->word);
}

void option_allowed(const struct option *option, char *text, size_t size)
{
	switch (option->type) {
	case OPTION_BOOL: (void)snprintf(text, size, "yes or no"); return;
	case OPTION_INTEGER:
		(void)snprintf(text, size, "a number from %" PRId64 " to %" PRId64, option->min,
			       option->max);
		return;
	case OPTION_UMASK:
		(void)snprintf(text, size, "an octal number that begins with 0, up to 0%" PRIo64,
			       (uint64_t)option->max);
		return;
	case OPTION_SIZE:
		(void)snprintf(text, size,
			       "bytes, with K, M, G or T behind the number if so meant");
		return;
	case OPTION_FILE_MODE:
		(void)snprintf(text, size, "an octal number from %" PRIo64 " to %" PRIo64,
			       (uint64_t)option->min, (uint64_t)option->max);
		return;
	case OPTION_CHOICE: choices_write(option->choices, text, size); return;
	case OPTION_CANONICALIZATION:
		(void)snprintf(text, size, "simple or relaxed, or two of them with / between");
		return;
	case OPTION_MODE: (void)snprintf(text, size, "s, v or sv"); return;
	case OPTION_RATE:
		(void)snprintf(text, size, "N/T, with s, m, h or d behind it if so meant");
		return;
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_DATASET:
	case OPTION_NAMES:
	case OPTION_INCLUDE: text[0] = '\0'; return;
	}
}
