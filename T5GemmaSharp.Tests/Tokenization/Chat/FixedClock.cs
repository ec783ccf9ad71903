namespace T5GemmaSharp.Tests.Tokenization.Chat;

/// <summary>The time at which the cases of the reference were made.</summary>
internal sealed class FixedClock : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(2024, 7, 9, 4, 5, 6, TimeSpan.Zero);
}
