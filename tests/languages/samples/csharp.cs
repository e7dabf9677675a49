using System;
using static System.Math;
using Alias = System.Collections.Generic.List<int>;
global using System.Linq;

namespace Shop.Core
{
    /// <summary>An order. class InDoc {}</summary>
    [Serializable]
    [Table("orders")]
    public sealed partial class Order<T> : Base<T>, IOrder
        where T : class, new()
    {
        private const int Limit = 10;
        public static readonly string[] Names = { "a", "b" };
        public int Count { get; private set; } = 0;

        /* void Hidden() {} */
        public Order(int count) : base(count)
        {
            Count = count;
        }

        ~Order() { }

        [Obsolete]
        public async Task<TOut?> FindAsync<TOut>(
            [FromQuery] string key, // what
            params int[] rest)
            where TOut : struct
        {
            int Local(int q) => q > 0 ? q : -q;
            if (key is null || rest.Length == 0 && Count > Limit) return null;
            foreach (var r in rest)
            {
                switch (r)
                {
                    case 1:
                        break;
                    default:
                        break;
                }
            }
            var text = @"
void InVerbatim() {

}";
            try { await Task.Delay(Local(1)); }
            catch (Exception e) when (e is not null) { throw; }
            return r switch { 1 => 2, _ => default };
        }

        public static Order<T> operator +(Order<T> a, Order<T> b) => a ?? b;
        protected abstract void Draw();
    }

    public interface IOrder
    {
        void Draw();
    }

    internal enum Color : byte
    {
        Red,
        Green = 2,
    }

    public struct Point { public int X; }
    public record Money(decimal Amount, string Currency);
    public class Shelf
    {
        /// <summary>What stands there.</summary>
        [Pure]
        public Order this[int place, bool open = false]
        {
            get { return open ? null : orders[place]; }
        }
        public Order this[string name] => orders[name];
    }
    public delegate void Handler(object sender);
}
