#include "signer/dns/dns_forms.h"

#include "common/json_stream.h"
#include "signer/dkim/domain_name.h"

#include <errno.h>

struct form_writer {
	const struct dns_records *records;
	unsigned ttl;
	FILE *file;
	struct buffer value; /* of the record at hand */
};

static const struct {
	const char *name;
	enum dns_form form;
} forms[] = {
	{"zone", DNS_FORM_ZONE},
	{"line", DNS_FORM_LINE},
	{"route53", DNS_FORM_ROUTE53},
	{"route53-json", DNS_FORM_ROUTE53_JSON},
};

bool dns_form_find(const char *name, enum dns_form *form_out)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		if (strcmp(forms[i].name, name) == 0) {
			*form_out = forms[i].form;
			return true;
		}
	}
	return false;
}

/* RFC 1035 5.1: \DDD is a byte, and a quote or backslash has one before it. */
static int append_quoted(struct bytes text, struct buffer *output)
{
	int r = buffer_append_byte(output, '"');

	for (size_t i = 0; r == 0 && i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte < ' ' || byte > '~') {
			r = buffer_printf(output, "\\%03u", byte);
			continue;
		}
		if (byte == '"' || byte == '\\')
			r = buffer_append_byte(output, '\\');
		if (r == 0)
			r = buffer_append_byte(output, byte);
	}
	return r == 0 ? buffer_append_byte(output, '"') : r;
}

/* An address as it is; a text as its strings. NULL: no memory. */
static const char *form_value(struct form_writer *writer, const struct dns_record *record,
			      const char *separator)
{
	struct bytes rest = bytes_of_string(record->value);
	struct bytes string;
	int r = 0;

	if (record->type != DNS_TXT)
		return record->value;
	buffer_clear(&writer->value);
	while (r == 0 && dns_record_next_string(record, &rest, &string)) {
		if (writer->value.size > 0)
			r = buffer_append_string(&writer->value, separator);
		if (r == 0)
			r = append_quoted(string, &writer->value);
	}
	return r == 0 ? buffer_string(&writer->value) : NULL;
}

static size_t string_count(const struct dns_record *record)
{
	struct bytes rest = bytes_of_string(record->value);
	struct bytes string;
	size_t count = 0;

	while (dns_record_next_string(record, &rest, &string))
		count++;
	return count;
}

/* Whether the record is of another domain than the one before it. Report records belong to none. */
static bool begins_domain(const struct dns_records *records, size_t index)
{
	const struct dns_record *record = &records->records[index];

	while (index > 0) {
		const struct dns_record *before = &records->records[--index];

		if (before->kind != DNS_RECORD_REPORT)
			return strcmp(before->domain, record->domain) != 0;
	}
	return true;
}

static bool is_of_many(const struct dns_records *records)
{
	size_t count = 0;

	for (size_t i = 0; i < records->count; i++)
		count += records->records[i].kind != DNS_RECORD_REPORT && begins_domain(records, i);
	return count > 1;
}

static int write_zone_record(struct form_writer *writer, const struct dns_record *record)
{
	bool is_long = record->type == DNS_TXT && string_count(record) > 1;
	const char *value = form_value(writer, record, "\n\t  ");

	if (value == NULL)
		return -ENOMEM;
	fprintf(writer->file, "%s.\t", record->name);
	if (writer->ttl > 0)
		fprintf(writer->file, "%u\t", writer->ttl);
	fprintf(writer->file, is_long ? "IN\t%s\t( %s )\n" : "IN\t%s\t%s\n",
		dns_type_name(record->type), value);
	return 0;
}

static int write_zone(struct form_writer *writer)
{
	const struct dns_records *records = writer->records;
	int r = 0;

	for (size_t i = 0; r == 0 && i < records->count; i++) {
		const struct dns_record *record = &records->records[i];

		if (record->kind == DNS_RECORD_REPORT)
			fprintf(writer->file, "; In the zone of %s, or no reports come there:\n; ",
				record->domain);
		else if (begins_domain(records, i))
			fprintf(writer->file, "%s; %s\n", i == 0 ? "" : "\n", record->domain);
		r = write_zone_record(writer, record);
	}
	return r;
}

static int write_line(struct form_writer *writer, const struct dns_record *record)
{
	static const char *const words[] = {[DNS_A] = "a", [DNS_TXT] = "txt", [DNS_AAAA] = "aaaa"};
	size_t size = strlen(record->name) - strlen(record->domain);

	/* The name within the zone; "@" is the domain itself. */
	fprintf(writer->file, "%s %.*s %s\n", words[record->type], size == 0 ? 1 : (int)size - 1,
		size == 0 ? "@" : record->name, record->value);
	return 0;
}

static int write_route53(struct form_writer *writer, const struct dns_record *record)
{
	const char *value = form_value(writer, record, " ");

	if (value == NULL)
		return -ENOMEM;
	fprintf(writer->file, "%s. %s %s\n", record->name, dns_type_name(record->type), value);
	return 0;
}

/* Both forms are typed in zone by zone, so nothing of another zone is among them. */
static int write_lines(struct form_writer *writer,
		       int (*write)(struct form_writer *writer, const struct dns_record *record))
{
	const struct dns_records *records = writer->records;
	bool is_titled = is_of_many(records);
	int r = 0;

	for (size_t i = 0; r == 0 && i < records->count; i++) {
		if (records->records[i].kind == DNS_RECORD_REPORT)
			continue;
		if (is_titled && begins_domain(records, i))
			fprintf(writer->file, "%s; %s\n", i == 0 ? "" : "\n",
				records->records[i].domain);
		r = write(writer, &records->records[i]);
	}
	return r;
}

static bool is_of_set(const struct dns_record *record, const struct dns_record *first)
{
	return record->kind != DNS_RECORD_REPORT && record->type == first->type &&
	       strcmp(record->name, first->name) == 0;
}

static bool is_first_of_set(const struct dns_records *records, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (is_of_set(&records->records[i], &records->records[index]))
			return false;
	}
	return records->records[index].kind != DNS_RECORD_REPORT;
}

/* Route 53 wants the strings of a TXT record in quotes inside the string of the JSON. */
static int write_set(struct form_writer *writer, struct json_stream *json,
		     const struct dns_record *first)
{
	const struct dns_records *records = writer->records;
	int r = 0;

	json_stream_begin(json, "ResourceRecords", '[');
	for (size_t i = 0; i < records->count; i++) {
		const char *value;

		if (!is_of_set(&records->records[i], first))
			continue;
		value = form_value(writer, &records->records[i], " ");
		if (value == NULL)
			r = -ENOMEM;
		json_stream_begin(json, NULL, '{');
		json_stream_string(json, "Value", value);
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
	return r;
}

static int write_change(struct form_writer *writer, struct json_stream *json,
			const struct dns_record *first)
{
	char name[DOMAIN_NAME_SIZE_MAX + 2];
	int r;

	(void)snprintf(name, sizeof(name), "%s.", first->name);
	json_stream_begin(json, NULL, '{');
	json_stream_string(json, "Action", "UPSERT");
	json_stream_begin(json, "ResourceRecordSet", '{');
	json_stream_string(json, "Name", name);
	json_stream_string(json, "Type", dns_type_name(first->type));
	json_stream_number(json, "TTL", writer->ttl > 0 ? writer->ttl : DNS_FORMS_TTL);
	r = write_set(writer, json, first);
	json_stream_end(json, '}');
	json_stream_end(json, '}');
	return r;
}

static int write_change_batch(struct form_writer *writer)
{
	struct json_stream json;
	int r = 0;

	json_stream_init(&json, writer->file, JSON_STREAM_VALUE_A_LINE);
	json_stream_begin(&json, NULL, '{');
	json_stream_string(&json, "Comment", "SPF, DKIM and DMARC, by postseal dns");
	json_stream_begin(&json, "Changes", '[');
	for (size_t i = 0; r == 0 && i < writer->records->count; i++) {
		if (is_first_of_set(writer->records, i))
			r = write_change(writer, &json, &writer->records->records[i]);
	}
	json_stream_end(&json, ']');
	json_stream_end(&json, '}');
	return r;
}

static int write_form(struct form_writer *writer, enum dns_form form)
{
	switch (form) {
	case DNS_FORM_ZONE: return write_zone(writer);
	case DNS_FORM_LINE: return write_lines(writer, write_line);
	case DNS_FORM_ROUTE53: return write_lines(writer, write_route53);
	case DNS_FORM_ROUTE53_JSON: return write_change_batch(writer);
	}
	return 0;
}

int dns_forms_write(const struct dns_records *records, enum dns_form form, unsigned ttl, FILE *file)
{
	struct form_writer writer = {.records = records, .ttl = ttl, .file = file};
	int r = write_form(&writer, form);

	buffer_deinit(&writer.value);
	return r;
}
