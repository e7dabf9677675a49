module Shop.Order where

import Data.List (sort)
import qualified Data.Map as Map

-- | An order.
data Order = Order Int
           | Empty

newtype Name = Name String

type Key = String

class HasTotal a where
  total :: a -> Int

instance HasTotal Order where
  total (Order n) = n

double :: Int -> Int
double x = if x > 0 then x * 2 else 0

text :: String
text = "f x = y"
