<?php

declare(strict_types=1);

namespace App\Shop;

use App\Base\Record;
use App\Util\{Text, Money as Cash};
use function App\helper;
use const App\LIMIT;

require_once __DIR__ . '/bootstrap.php';
include 'config.php';

const VERSION = '1.0';

/**
 * An order. class InDoc {}
 */
#[Entity]
final class Order extends Record implements \Countable, HasTotal
{
    use Loggable;

    public const MAX = 10;
    private ?int $count = null;

    // function commented() {}
    public function __construct(
        private readonly string $name, // who
        array $rest = [],
    ) {
        $f = function (int $x) use ($name): int { return $x; };
        $g = fn ($x) => $x ?? 0;
    }

    /** How many. */
    #[Pure]
    public static function count(int|string $a, ?self ...$more): ?int
    {
        if ($a && $more || $a === 1) {
            return 1;
        } elseif ($a) {
            foreach ($more as $m) {
            }
        }
        switch ($a) {
            case 1:
            case 2:
                break;
            default:
        }
        try {
            return match (true) {
                $a > 1 => 2,
                default => 3,
            };
        } catch (\Exception $e) {
            return $a ? 1 : null;
        }
    }
}

interface HasTotal
{
    public function total(): float;
}

trait Loggable
{
    abstract protected function log(string $line): void;
}

enum Suit: string
{
    case Hearts = 'H';

    public function label(): string
    {
        return <<<TEXT
function inHeredoc() {

}
TEXT;
    }
}

function top(array &$in): \Generator
{
    yield from $in;
}
?>
<p>function inHtml() {}</p>
