/*
 * chart_scale - an axis that begins at zero, and figures in few characters.
 *
 * Is:       steps of 1, 2 or 5 times a power of ten, so that people can read between the lines.
 * Units:    those of the values. What is below zero is drawn as zero.
 * Errors:   none. Without a value above zero the axis goes to 1.
 */
#ifndef BENCH_CHART_SCALE_H
#define BENCH_CHART_SCALE_H

#include <stddef.h>

#define CHART_NUMBER_SIZE_MAX 32

struct chart_scale {
	double step;
	unsigned steps; /* at most 5; the axis ends at step * steps */
};

struct chart_scale chart_scale_of(double max);

/* From 0 to `length`. */
double chart_scale_place(const struct chart_scale *scale, double value, double length);

/* "0", "0.35", "7.4", "13.0k", "1.25M": three digits that count. */
void chart_number_short(char text_out[CHART_NUMBER_SIZE_MAX], double value);

/* The same without zeros at the end: "0.2", "5k", for an axis. */
void chart_number_tick(char text_out[CHART_NUMBER_SIZE_MAX], double value);

/* "12,936", "266.1", "0.785": for tables. */
void chart_number_full(char text_out[CHART_NUMBER_SIZE_MAX], double value);

#endif
