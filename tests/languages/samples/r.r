library(stats)
source("R/util.R")

# Adds.
add <- function(a, b = 1) {
  if (a > 0 && b > 0) {
    return(a + b)
  }
  for (i in 1:2) {
    while (a > 1) a <- a - 1
  }
  text <- "f <- function(x) x"
  text
}

grow = function(x) x + 1
