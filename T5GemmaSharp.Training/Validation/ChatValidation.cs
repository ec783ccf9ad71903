using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Data.Files.Storage;

namespace T5GemmaSharp.Training.Validation;

/// <summary>Looks at conversations as a whole: the tokens of all turns, and whose turns they are.</summary>
internal static class ChatValidation
{
    private const string Assistant = "assistant";

    public static ValidationReport Run(ValidationRequest request)
    {
        using var store = new TokenStore(request.Options.TemporaryFolder);
        var writer = new ExampleWriter(request.Tokenizer, store, request.Options);
        var roles = new SortedDictionary<string, long>(StringComparer.Ordinal);
        StoreFiller.Fill<ChatRow, (int[] Ids, ChatRow Row)>(
            store,
            new DataSource<ChatRow>(request.Files, RowFormats.Chats, request.Options, request.Cancellation),
            row => [(request.Tokenizer.EncodeChat(row.Turns, addGenerationPrompt: false, request.Options.ParseSpecial), row)],
            (place, example) =>
            {
                Count(example.Row, roles);
                writer.AddLabelled(place, example.Ids, labels: []);
            },
            () => $"chat;{request.Options.Fingerprint()}");
        return new ValidationReport
        {
            Unit = "conversations",
            Count = store.Count,
            Statistics = writer.Statistics,
            Fingerprint = store.Fingerprint,
            Labels = [.. roles.Select(role => (role.Key, role.Value))],
            Samples = ValidationSample.Of(store.Count, index => new ValidationSample(index, request.Tokenizer.Decode(store.First(index), skipSpecialTokens: false), Target: null)),
        };
    }

    private static void Count(ChatRow row, SortedDictionary<string, long> roles)
    {
        foreach (var turn in row.Turns)
            roles[turn.Role] = roles.GetValueOrDefault(turn.Role) + 1;
        if (!row.Turns.Any(turn => turn.Role == Assistant))
            throw new FormatException($"expected a turn of the {Assistant}, got {string.Join(", ", row.Turns.Select(turn => turn.Role))}");
    }
}
