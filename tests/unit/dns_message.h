/*
 * dns_message - answers of a name server, as a test wants them.
 *
 * Use:      dns_message_init() with the question; dns_message_add_...(); `text` is the message.
 * Errors:   a failing step fails the test.
 */
#ifndef TESTS_UNIT_DNS_MESSAGE_H
#define TESTS_UNIT_DNS_MESSAGE_H

#include "tests/unit/unit_test.h"

#include "common/buffer.h"

#include <string.h>

struct dns_message {
	struct buffer text;
};

static inline void dns_message_put16(struct dns_message *message, unsigned value)
{
	assert_int_equal(buffer_append_byte(&message->text, (uint8_t)(value >> 8)), 0);
	assert_int_equal(buffer_append_byte(&message->text, (uint8_t)value), 0);
}

static inline void dns_message_put_name(struct dns_message *message, const char *name)
{
	while (*name != '\0') {
		size_t size = strcspn(name, ".");

		assert_int_equal(buffer_append_byte(&message->text, (uint8_t)size), 0);
		assert_int_equal(buffer_append(&message->text, bytes_of(name, size)), 0);
		name += size + (name[size] == '.');
	}
	assert_int_equal(buffer_append_byte(&message->text, 0), 0);
}

static inline void dns_message_init(struct dns_message *message, const char *name, unsigned type,
				    unsigned rcode)
{
	*message = (struct dns_message){0};
	dns_message_put16(message, 0x1234);
	dns_message_put16(message, 0x8180 | rcode);
	dns_message_put16(message, 1);
	for (int i = 0; i < 3; i++)
		dns_message_put16(message, 0);
	dns_message_put_name(message, name);
	dns_message_put16(message, type);
	dns_message_put16(message, 1);
}

static inline void dns_message_deinit(struct dns_message *message)
{
	buffer_deinit(&message->text);
}

static inline void dns_message_add(struct dns_message *message, const char *name, unsigned type,
				   struct bytes data)
{
	message->text.data[7]++;
	dns_message_put_name(message, name);
	dns_message_put16(message, type);
	dns_message_put16(message, 1);
	dns_message_put16(message, 0);
	dns_message_put16(message, 300);
	dns_message_put16(message, (unsigned)data.size);
	assert_int_equal(buffer_append(&message->text, data), 0);
}

/* In strings of 255 bytes. */
static inline void dns_message_add_text(struct dns_message *message, const char *name,
					struct bytes text)
{
	struct buffer data = {0};

	do {
		size_t size = text.size > 255 ? 255 : text.size;

		assert_int_equal(buffer_append_byte(&data, (uint8_t)size), 0);
		assert_int_equal(buffer_append(&data, bytes_slice(text, 0, size)), 0);
		text = bytes_skip(text, size);
	} while (text.size > 0);
	dns_message_add(message, name, 16, buffer_bytes(&data));
	buffer_deinit(&data);
}

static inline void dns_message_add_alias(struct dns_message *message, const char *name,
					 const char *target)
{
	struct dns_message data = {0};

	dns_message_put_name(&data, target);
	dns_message_add(message, name, 5, buffer_bytes(&data.text));
	dns_message_deinit(&data);
}

#endif
