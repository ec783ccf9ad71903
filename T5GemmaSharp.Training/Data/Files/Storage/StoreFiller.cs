
namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>Fills a store from files.</summary>
internal static class StoreFiller
{
    /// <summary>Reads and encodes on several threads, adds in the order of the files, and disposes the store when that fails.</summary>
    /// <typeparam name="TRow">What a row holds.</typeparam>
    /// <typeparam name="TExample">What it becomes.</typeparam>
    /// <param name="store">The store; sealed at the end.</param>
    /// <param name="source">What is read, and how.</param>
    /// <param name="encode">Makes the examples of a row; any thread calls it.</param>
    /// <param name="add">Adds an example; it is called in the order of the rows.</param>
    /// <param name="settings">What goes into the fingerprint beside the examples; asked for when all have been added, which it may refuse with a <see cref="FormatException"/>.</param>
    /// <exception cref="DataFormatException">A row is not what was expected, or no example is left.</exception>
    public static void Fill<TRow, TExample>(TokenStore store, DataSource<TRow> source, Func<TRow, IReadOnlyList<TExample>> encode, Action<RowPlace, TExample> add, Func<string> settings)
    {
        try
        {
            foreach (var row in DataReader.Read(source.Files, source.Format, encode, source.Options))
            {
                source.Cancellation.ThrowIfCancellationRequested();
                try
                {
                    add(row.Place, row.Value);
                }
                catch (FormatException exception) when (exception is not DataFormatException)
                {
                    throw DataFormatException.At(row.Place, exception.Message, exception);
                }
            }

            if (store.Count == 0)
                throw new FormatException("expected at least one example, got none");
            store.Seal(settings());
        }
        catch (FormatException exception) when (exception is not DataFormatException)
        {
            store.Dispose();
            throw DataFormatException.Of(string.Join(", ", source.Files), exception.Message, exception);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }
}
