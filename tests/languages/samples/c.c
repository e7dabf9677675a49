/* A store. int not_code(void) { } */
#include <stdio.h>
#include "store.h"
#include CONFIG_HEADER

#ifndef STORE_H
#define STORE_H
#define LIMIT 10
#define MAX(a, b) \
    ((a) > (b) ? (a) : (b))

#ifdef __cplusplus
extern "C" {
#endif

/** A node. */
typedef struct node {
    int value : 4; // bits
    struct node *next;
    union {
        int i;
        float f;
    } u;
} node_t;

typedef int (*compare_fn)(const void *, const void *);
typedef unsigned long size;

enum color { RED, GREEN = 2 };

struct empty;
union bits { int i; float f; };

extern int counter;
static const char *const names[] = {
    "int a(void) {}",
    "b",
};

// Finds it.
// Slowly.
node_t *find(node_t *head, int value);
static inline int (*chosen(int which))(int);

#ifdef FAST
int fast(void);
#else
int slow(void);
#endif

/* Adds one. */
__attribute__((noinline))
static node_t **add(
    node_t **head, /* may be NULL */
    int (*each)(int),
    int value)
{
    struct local { int x; } l = { 1 };
    for (int i = 0; i < LIMIT && head; i++) {
        if (each(i) || value)
            break;
        else
            continue;
    }
    do {
        value--;
    } while (value > 0);
    switch (value) {
    case 1:
        return NULL;
    case 2: {
        puts("if (x) { }");
        break;
    }
    default:
        break;
    }
    return value ? head : NULL;
}

int old_style(a, b)
    int a;
    char *b;
{
    return a;
}

#ifdef __cplusplus
}
#endif
#endif
